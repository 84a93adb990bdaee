"""Receivers that fail in every way: nothing is lost, nothing is told twice, and nobody waits for the others."""

from __future__ import annotations

import json
import time

from alerts import Alerts
from conftest import Chain, until
from receivers import Receivers

CHANNELS = ("healthy", "failing", "throttled", "hanging", "resetting", "untrusted", "gone")
BROKEN = ("failing", "hanging", "resetting", "untrusted", "gone")


def test_a_receiver_that_fails_delays_nobody_and_loses_nothing(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    receivers.behave(failing="500", throttled="throttle:3", hanging="hang", resetting="reset", gone="410")
    incident = alerts.raised("test-faults")
    published = time.monotonic()
    alerts.publish(incident)
    until(lambda: receivers.of("healthy"), "the healthy receiver")
    until(lambda: receivers.of("hanging", taken=False), "the one that hangs")
    chain.settle()
    (healthy,) = receivers.of("healthy")
    (hanging,) = receivers.of("hanging", taken=False)
    assert abs(healthy.at - hanging.at) < 8, "the healthy receiver does not wait for the one that hangs"

    letters: list[dict] = []

    def given_up() -> bool:
        chain.run("alert-handler")
        letters.extend(json.loads(letter) for letter in chain.take_dead_letters("alert-handler"))
        return len(letters) >= len(BROKEN)

    until(given_up, "five dead letters", seconds=150)
    (throttled,) = receivers.of("throttled")
    first = receivers.of("throttled", taken=False)[0]
    assert throttled.at - first.at >= 3, "Retry-After is waited for"
    given = sorted(letter["requestPayload"]["redeliver"]["group"]["channel"] for letter in letters)
    assert given == sorted(BROKEN)
    abandoned = [fact["subject"] for fact in chain.records.facts("notification.abandoned")]
    assert sorted(abandoned) == sorted(f"faulty/{name}" for name in BROKEN)
    assert [fact["subject"] for fact in chain.records.facts("channel.disabled")] == ["faulty/gone"]
    assert len(receivers.of("gone", taken=False)) == 1, "410 is not asked again"
    for name in ("failing", "resetting"):
        assert len(receivers.of(name, taken=False)) >= 2, f"{name} was tried again"
    sent = [fact["subject"] for fact in chain.records.facts("notification.sent") if fact["subject"].startswith("faulty/")]
    assert sorted(sent) == ["faulty/healthy", "faulty/throttled"]
    # One id a channel, however often it was tried: a receiver can tell that it is the same.
    for name in CHANNELS:
        assert len({post.headers["webhook-id"] for post in receivers.of(name, taken=False)}) <= 1, name
    assert time.monotonic() - published < 170

    mended(chain, receivers, letters)


def mended(chain: Chain, receivers: Receivers, letters: list[dict]) -> None:
    """Once they are mended, a test opens the closed channel again, and a redrive brings back all that was given up."""
    receivers.behave(**dict.fromkeys(BROKEN, "ok"))
    alerts_before = {name: len(receivers.of(name)) for name in CHANNELS}
    stack = chain.deployment.stack
    stack.client("ssm").put_parameter(
        Name="/aiops/chain/untrusted", Value=receivers.url("untrusted"), Type="SecureString", Overwrite=True
    )
    trial = chain.nightjar("notify", "test", "faulty")
    assert "enabled again" in trial.stdout, trial.stdout + trial.stderr
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName="aiops-alert-handler-dlq")["QueueUrl"]
    for letter in letters:
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))
    redrive = chain.nightjar("dlq", "redrive", "--function", "alert-handler")
    assert redrive.returncode == 0, redrive.stderr
    chain.settle()
    for name in ("failing", "hanging", "resetting", "gone"):
        told = [post for post in receivers.of(name)[alerts_before[name] :] if "test-faults" in post.raw.decode()]
        assert len(told) == 1, f"{name} is told once"
    assert len(receivers.of("healthy")) == 2, "the alert, and the test"
