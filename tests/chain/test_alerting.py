"""Who is told what, when: groups, people's deeds, escalation, silences, products and signatures, through the deployed suite."""

from __future__ import annotations

import json
import time
import urllib.error
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerts import Alerts
from conftest import NEXT_SECRET, SECRET, Chain, until
from local.deployment import PREFIX
from receivers import Receivers


def resources(post: Any) -> list[str]:
    return sorted(alert["labels"]["resource"] for alert in post.body["alerts"] if alert["status"] == "firing")


def test_what_belongs_together_goes_out_together_and_once(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    incidents = [alerts.raised("test-groups") for _ in range(5)]
    with chain.copies(3):
        for incident in incidents:
            alerts.publish(incident)
        chain.settle()
    assert receivers.of("hook") == [], "the group waits for more"

    time.sleep(2)
    with chain.copies(3):
        chain.run("alert-handler")
    (first,) = receivers.of("hook")
    assert resources(first) == sorted(incident["anomaly"]["resource"]["id"] for incident in incidents)

    late = alerts.raised("test-groups")
    alerts.publish(late)
    time.sleep(2)
    chain.run("alert-handler")
    first, second = receivers.of("hook")
    assert len(resources(second)) == 6 and late["anomaly"]["resource"]["id"] in resources(second)
    assert chain.dead_letters("alert-handler") == 0


def test_people_change_an_incident_once_however_many_ask_at_once(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    incident = alerts.stored("test-deeds")
    alerts.publish(incident)
    chain.settle()
    until = "2099-01-01T00:00:00Z"

    for deed, status, body in [
        ("acknowledge", "ACKNOWLEDGED", {"why": "on it", "by": "alice"}),
        ("suppress", "SUPPRESSED", {"why": "known", "until": until}),
        ("resolve", "RESOLVED", {"why": "disk extended"}),
    ]:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: chain.records.api(f"/alerts/{incident['id']}/{deed}", body), range(8)))
        chain.settle()
        assert {answer["status"] for answer in answers} == {status}
        assert len({answer["version"] for answer in answers}) == 1, "eight requests, one change"

    told = chain.records.api(f"/events/{incident['id']}")["timeline"]
    assert [(change["to"], change["why"]) for change in told[1:]] == [
        ("ACKNOWLEDGED", "on it"),
        ("SUPPRESSED", "known"),
        ("RESOLVED", "disk extended"),
    ]
    assert told[1]["by"].startswith("alice (through ")
    # Of the same second perhaps, and in different chains: in no order.
    facts = [fact for fact in chain.records.facts("incident.changed") if fact["subject"] == incident["id"]]
    assert sorted(fact["details"]["to"] for fact in facts) == ["ACKNOWLEDGED", "RESOLVED", "SUPPRESSED"]
    assert [post.body["status"] for post in receivers.of("desk")] == ["firing", "resolved"]
    with pytest.raises(urllib.error.HTTPError) as refusal:
        chain.records.api(f"/alerts/{incident['id']}/acknowledge", {"why": "too late"})
    assert refusal.value.code == 409


def test_a_request_with_a_key_is_done_once_however_often_it_is_sent(chain: Chain) -> None:
    key = str(uuid.uuid4())
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    silence = {"matchers": [f'tag:nobody="{key}"'], "reason": key, "ends_at": ends_at}

    def send(body: dict[str, Any]) -> tuple[int, Any]:
        try:
            return 201, chain.records.api("/silences", body, key=key)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, [silence] * 8))
    assert {status for status, _ in answers} <= {201, 409}
    (first, *others) = [answer for status, answer in answers if status == 201]
    assert all(answer == first for answer in others)
    assert {answer["type"] for status, answer in answers if status == 409} <= {"urn:problem-type:nightjar:request-under-way"}
    assert send(silence) == (201, first)
    assert send({**silence, "reason": "another"})[0] == 422
    assert [one["id"] for one in chain.records.api("/silences")["silences"] if one["reason"] == key] == [first["id"]]
    chain.records.api(f"/silences/{first['id']}", method="DELETE")


def test_a_request_whose_function_died_is_taken_over_when_its_lease_is_over(chain: Chain) -> None:
    key = str(uuid.uuid4())
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    silence = {"matchers": [f'tag:nobody="{key}"'], "reason": key, "ends_at": ends_at}
    dynamodb, table = chain.deployment.stack.client("dynamodb"), f"{PREFIX}-notifications"
    first = chain.records.api("/silences", silence, key=key)
    (kept,) = [item["id"]["S"] for item in dynamodb.scan(TableName=table)["Items"] if key in item.get("answer", {}).get("S", "")]

    def died(lease_until: datetime) -> None:
        """As if the function had ended between the claim and the answer."""
        dynamodb.update_item(
            TableName=table,
            Key={"id": {"S": kept}},
            UpdateExpression="SET lease_until = :until REMOVE answer",
            ExpressionAttributeValues={":until": {"N": str(int(lease_until.timestamp()))}},
        )

    died(datetime.now(UTC) + timedelta(minutes=1))
    with pytest.raises(urllib.error.HTTPError) as refusal:
        chain.records.api("/silences", silence, key=key)
    assert refusal.value.code == 409

    died(datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(urllib.error.HTTPError) as refusal:
        chain.records.api("/silences", silence | {"reason": "another"}, key=key)
    assert refusal.value.code == 422, "a dead claim is taken over for the same request alone"
    again = chain.records.api("/silences", silence, key=key)
    item = dynamodb.get_item(TableName=table, Key={"id": {"S": kept}}, ConsistentRead=True)["Item"]
    assert again["id"] in item["answer"]["S"] and "lease_until" not in item, "it is done again, and its answer is kept"
    # The same silence within the same second.
    for silence_id in {first["id"], again["id"]}:
        chain.records.api(f"/silences/{silence_id}", method="DELETE")


def test_the_second_line_hears_of_what_nobody_acknowledges(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    ignored, seen = alerts.stored("test-escalation"), alerts.stored("test-escalation")
    alerts.publish(ignored)
    alerts.publish(seen)
    chain.settle()
    assert len(receivers.of("first-line")) == 2
    chain.records.api(f"/alerts/{seen['id']}/acknowledge", {"why": "on it"})
    chain.settle()

    time.sleep(2)
    with chain.copies(3):
        chain.run("alert-handler")
    chain.run("alert-handler")
    (told,) = receivers.of("second-line")
    assert resources(told) == [ignored["anomaly"]["resource"]["id"]]
    (fact,) = chain.records.facts("notification.escalated")
    assert fact["details"]["to"] == "second-line"


def test_what_still_fires_when_its_silence_ends_is_told(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    told, silenced = alerts.raised("test-silence"), alerts.raised("test-silence")
    alerts.publish(told)
    chain.settle()
    assert len(receivers.of("hook")) == 1

    matcher = 'region="test-silence"'
    for reason in ("", "kernel upgrade"):
        added = chain.ask("--json", "silence", "add", matcher, "--for", "4s", "--owner", "ops", "--reason", reason)
        assert (added.returncode == 0) == bool(reason), added.stderr
    silence = json.loads(added.stdout)
    alerts.publish(silenced)
    chain.settle()
    chain.run("alert-handler")
    assert len(receivers.of("hook")) == 1, "the silence holds"

    time.sleep(4)
    with chain.copies(3):
        chain.run("alert-handler")
    chain.run("alert-handler")
    again = receivers.of("hook")[1:]
    assert sorted(name for post in again for name in resources(post)) == sorted(
        incident["anomaly"]["resource"]["id"] for incident in (told, silenced)
    ), "both once: what was told before, and what was not"
    assert silence["id"] in chain.ask("--json", "silence", "list", "--all").stdout
    (fact,) = [fact for fact in chain.records.facts("silence.set") if fact["subject"] == silence["id"]]
    assert fact["details"]["reason"] == "kernel upgrade"


def test_a_receiver_refuses_what_is_forged_old_or_played_back(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    receivers.behave(signed="signed")
    alerts.publish(alerts.raised("test-signatures"))
    chain.settle()
    (post,) = receivers.of("signed")

    for key in (SECRET, NEXT_SECRET):
        assert Webhook(key).verify(post.raw, post.headers), "while keys change, both verify"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(post.raw, post.headers)
    old = post.headers | {"webhook-timestamp": str(int(post.headers["webhook-timestamp"]) - 3600)}
    forged = post.raw.replace(b"test-signatures", b"test-signaturez")
    assert forged != post.raw
    assert receivers.verify(old, post.raw) == 401
    assert receivers.verify(post.headers, forged) == 401
    assert receivers.verify(post.headers, post.raw) == 409, "a recorded request is refused"


def test_alerts_go_to_who_owns_the_resource(chain: Chain, alerts: Alerts, receivers: Receivers) -> None:
    mine, other = alerts.raised("test-owner"), alerts.raised("test-owner")
    instance = mine["anomaly"]["resource"]["id"]
    product = {
        "matchers": [f'resource="{instance}"'],
        "owner": "team-shop",
        "criticality": "high",
        "channel": "shop-team",
        "runbook": "https://wiki.example.com/shop",
    }
    named = chain.records.api("/products/shop", product, method="PUT")
    assert named["version"] == 1
    assert chain.records.api("/products/shop", product, method="PUT")["version"] == 1, "the same again changes nothing"
    (fact,) = chain.records.facts("product.changed")
    assert fact["subject"] == "product/shop"

    def in_force() -> bool:
        incident = alerts.raised("test-owner")
        incident["anomaly"]["resource"] |= {"id": instance, "arn": mine["anomaly"]["resource"]["arn"]}
        alerts.publish(incident)
        chain.settle()
        return bool(receivers.of("shop-team"))

    until(in_force, "the product to be in force", seconds=60)
    alerts.publish(other)
    chain.settle()
    assert instance in str(receivers.of("shop-team")[0].body)
    assert other["anomaly"]["resource"]["id"] in str(receivers.of("hook")[-1].body)
    chain.records.api("/products/shop", method="DELETE")
    assert chain.records.api("/products")["products"] == []
