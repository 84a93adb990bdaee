"""Approval, verification and the switches, on the whole chain."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from conftest import Chain
from demo.fleet import TARGET, Instance
from local.deployment import PREFIX
from policies import policies

TABLE = f"{PREFIX}-remediations"
#: How far a claim is moved into the past, so that its effect has settled: four whole periods.
AGE = timedelta(minutes=20)


def item(chain: Chain, key: str) -> dict[str, Any]:
    return chain.deployment.stack.client("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": key}}, ConsistentRead=True)["Item"]


def claim_of(chain: Chain, instance: Instance) -> dict[str, Any]:
    (incident,) = chain.incidents(instance)
    return json.loads(item(chain, f"claim#{incident['id']}")["claim"]["S"])


def move_back(chain: Chain, instance: Instance, names: tuple[str, ...], by: timedelta = AGE) -> None:
    """Moves instants of the stored claim into the past: the clock of a running function cannot be moved."""
    claim = claim_of(chain, instance)

    def moved(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: moved(inner, key) for key, inner in value.items()}
        if name in names and isinstance(value, str):
            return (datetime.fromisoformat(value) - by).strftime("%Y-%m-%dT%H:%M:%SZ")
        return value

    key = {"id": {"S": f"claim#{claim['incident']}"}}
    chain.deployment.stack.client("dynamodb").update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET claim = :claim",
        ExpressionAttributeValues={":claim": {"S": json.dumps(moved(claim), separators=(",", ":"))}},
    )


def usual(chain: Chain, instance: Instance) -> float:
    """What the processor's value would be at this hour: a quarter of it is ordinary by day, and is not on a Sunday night."""
    (incident,) = chain.incidents(instance)
    return float(incident["anomaly"]["expected"]["typical"])


def run_on(chain: Chain, instance: Instance, value: float) -> None:
    """The processor goes on at this value, in whole periods since the claim was moved back."""
    first = datetime.fromtimestamp((datetime.now(timezone.utc) - AGE).timestamp() // 300 * 300 + 300, timezone.utc)
    dimensions = [{"Name": "InstanceId", "Value": instance.id}]
    data = [
        {"MetricName": "CPUUtilization", "Dimensions": dimensions, "Timestamp": first + n * timedelta(minutes=5), "Value": value, "Unit": "Percent"}
        for n in range(3)
    ]
    chain.deployment.stack.client("cloudwatch").put_metric_data(Namespace="AWS/EC2", MetricData=data)


def trouble(chain: Chain) -> Instance:
    fleet = chain.launch(TARGET)
    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    return fleet.get(TARGET)


def nightjar(chain: Chain, *arguments: str) -> tuple[int, str]:
    done = chain.ask(*arguments)
    return done.returncode, done.stdout + done.stderr


def texts(chain: Chain, instance: Instance) -> list[str]:
    """What people were told of the instance, each message once.

    Telling is claimed before it is done. A message comes twice only where the delivery that claimed it had not noted its end when
    its lease (two seconds here) was over, and another took over; whoever takes over says so in the log. Every doubled mail must have
    such a line.
    """
    told = [mail.get_content() for mail in chain.records.mails() if instance.id in mail.get_content()]
    once = list(dict.fromkeys(told))
    doubled = len(told) - len(once)
    assert doubled <= takeovers(chain, instance), f"{doubled} mails came twice, and nobody took over: {told}"
    return once


def takeovers(chain: Chain, instance: Instance) -> int:
    """How often a function took over telling people of the instance's incidents, as the logs say."""
    logs = chain.deployment.stack.client("logs")
    names = [incident["id"] for incident in chain.incidents(instance)]
    count = 0
    for function in ("remediation-engine", "log-analyzer-rca"):
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{PREFIX}-{function}")["events"]
        lines = [event["message"] for event in events if "takes over telling" in event["message"]]
        count += sum(any(name in line for name in names) for line in lines)
    return count


def token_of(chain: Chain, instance: Instance) -> str:
    found = [re.search(r"approvals approve (inc_\S+?)`", text) for text in texts(chain, instance)]
    (token,) = [match.group(1) for match in found if match]
    return token


def test_what_healed_is_resolved_and_told(chain: Chain) -> None:
    target = trouble(chain)
    assert chain.reboots(target) == 1
    move_back(chain, target, ("settled_at", "acted_at"))
    run_on(chain, target, usual(chain, target))
    chain.run("remediation-engine")

    (incident,) = chain.incidents(target)
    assert incident["status"] == "RESOLVED" and incident["timeline"][-1]["by"] == "remediation-engine"
    (verified,) = chain.facts("remediation.verified", target)
    assert verified["details"]["healed"] is True
    assert any("The reboot helped" in text for text in texts(chain, target))
    assert chain.reboots(target) == 1
    code, told = nightjar(chain, "remediate", "status")
    assert code == 0 and "restart-unwell-instance" in told and "100 %" in told


def test_what_did_not_heal_is_escalated_with_what_was_tried(chain: Chain) -> None:
    target = trouble(chain)
    move_back(chain, target, ("settled_at", "acted_at"))
    run_on(chain, target, 98.0)
    chain.run("remediation-engine")
    chain.run("remediation-engine")

    (verified,) = chain.facts("remediation.verified", target)
    assert verified["details"]["healed"] is False
    (escalation,) = [text for text in texts(chain, target) if "Not healed" in text]
    assert "CPUUtilization is 98.0" in escalation and "Tried: reboot at" in escalation
    assert chain.incidents(target)[0]["status"] == "OPEN"
    assert chain.reboots(target) == 1


def test_an_approval_is_good_once_and_only_if_genuine(chain: Chain) -> None:
    with policies(chain, "approve"):
        target = trouble(chain)
        assert chain.reboots(target) == 0
        code, told = nightjar(chain, "approvals", "list")
        assert code == 0 and target.id in told and "reboot" in told
        token = token_of(chain, target)

        for wrong, words in ((token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "not genuine"), ("yes", "no approval token")):
            code, told = nightjar(chain, "approvals", "approve", wrong)
            assert code == 1 and words in told
        code, told = nightjar(chain, "approvals", "approve", token, "--why", "seen the graphs")
        assert code == 0, told
        code, told = nightjar(chain, "approvals", "approve", token)
        assert code == 1 and "was used" in told

        chain.run("remediation-engine")
        chain.run("remediation-engine")
    assert chain.reboots(target) == 1
    (approved,) = chain.facts("remediation.approved", target)
    assert approved["details"]["why"] == "seen the graphs" and "unauthenticated" not in approved["actor"]


@pytest.mark.parametrize("change", ["expires", "tags"])
def test_an_approval_that_came_too_late_is_void(chain: Chain, change: str) -> None:
    with policies(chain, "approve"):
        target = trouble(chain)
        token = token_of(chain, target)
        if change == "expires":
            move_back(chain, target, ("until",), timedelta(hours=2))
            code, told = nightjar(chain, "approvals", "approve", token)
            assert code == 1 and "expired" in told
        else:
            tags = [{"Key": "Owner", "Value": "somebody else"}]
            chain.deployment.stack.client("ec2").create_tags(Resources=[target.id], Tags=tags)
            code, told = nightjar(chain, "approvals", "approve", token)
            assert code == 0, told
        chain.run("remediation-engine")
    (declined,) = chain.facts("remediation.declined", target)
    assert {"expires": "nobody approved it", "tags": "is void"}[change] in declined["details"]["text"]
    assert chain.reboots(target) == 0


def test_a_dry_run_tells_the_trail_and_touches_nothing(chain: Chain) -> None:
    with policies(chain, "dry_run"):
        target = trouble(chain)
    assert len(chain.facts("remediation.rehearsed", target)) == 1
    assert chain.reboots(target) == 0


def test_the_kill_switch_stops_what_was_approved(chain: Chain) -> None:
    with policies(chain, "approve"):
        target = trouble(chain)
        assert nightjar(chain, "approvals", "approve", token_of(chain, target))[0] == 0
        assert nightjar(chain, "remediate", "stop", "--why", "drill")[0] == 0
        chain.run("remediation-engine")
        assert "STOPPED" in nightjar(chain, "remediate", "status")[1]
        assert nightjar(chain, "remediate", "resume")[0] == 0
        chain.run("remediation-engine")
    (declined,) = chain.facts("remediation.declined", target)
    assert "everything was stopped" in declined["details"]["text"]
    assert chain.reboots(target) == 0
    kinds = [fact["kind"] for fact in chain.records.facts()]
    assert "remediation.stopped" in kinds and "remediation.resumed" in kinds


def test_the_kill_switch_stops_a_run_between_its_steps(chain: Chain) -> None:
    """A first reboot did not help; the second of the runbook is due when somebody throws the switch."""
    twice = [{"action": "reboot", "settle_minutes": 10}, {"action": "reboot", "settle_minutes": 10}]
    with policies(chain, "auto", runbook=twice):
        target = trouble(chain)
        assert chain.reboots(target) == 1
        assert nightjar(chain, "remediate", "stop", "--why", "drill")[0] == 0
        move_back(chain, target, ("settled_at", "acted_at"))
        run_on(chain, target, 98.0)
        chain.run("remediation-engine")
        assert nightjar(chain, "remediate", "resume")[0] == 0
        chain.run("remediation-engine")
    assert chain.reboots(target) == 1, "what was stopped is not made up for"
    (escalation,) = [text for text in texts(chain, target) if "Not healed" in text]
    assert "the next step, a reboot, was declined: everything was stopped" in escalation
    assert len(chain.facts("remediation.started", target)) == 1


def test_an_engine_killed_after_the_claim_never_reboots_and_people_are_told(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    fleet.get_into_trouble()
    # The claim is won and told to the trail; the call itself is where it dies, on every attempt.
    with chain.fault("dynamodb", "TransactWriteItems", "kill", function=f"{PREFIX}-remediation-engine", contains="remediation.started"):
        chain.run("anomaly-detector")
    assert chain.reboots(target) == 0
    assert claim_of(chain, target)["state"]["state"] == "started"

    move_back(chain, target, ("claimed_at", "lease_until", "acted_at"), timedelta(minutes=5))
    chain.run("remediation-engine")
    chain.run("remediation-engine")
    assert chain.reboots(target) == 0
    assert len(chain.facts("remediation.unknown", target)) == 1
    (told,) = [text for text in texts(chain, target) if "Nobody knows whether" in text]
    assert "a person has to look" in told


def test_an_engine_killed_after_the_reboot_learns_of_it_and_does_not_repeat_it(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    fleet.get_into_trouble()
    with chain.fault("dynamodb", "UpdateItem", "kill", function=f"{PREFIX}-remediation-engine", contains="finished"):
        chain.run("anomaly-detector")
    assert chain.reboots(target) == 1 and chain.facts("remediation.finished", target) == []

    move_back(chain, target, ("claimed_at", "lease_until", "acted_at"), timedelta(minutes=5))
    chain.run("remediation-engine")
    assert chain.reboots(target) == 1
    assert len(chain.facts("remediation.finished", target)) == 1
