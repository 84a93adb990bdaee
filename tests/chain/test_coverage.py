"""Alarms of a mixed fleet: planned, made, come to rest, changed by a tag, gone with their resource; foreign ones untouched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import mixed_fleet
import pytest

from conftest import Chain
from demo.fleet import CONTROL
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION

OWNED = {f"{PREFIX}:managed-by": "onboarding"}


@pytest.fixture
def fleet(chain: Chain) -> Iterator[Any]:
    instances = chain.launch(CONTROL, with_history=False)
    mixed_fleet.launch(chain.deployment.stack)
    yield instances
    mixed_fleet.forget(chain.deployment.stack)
    chain.deployment.stack.client("cloudwatch").delete_alarms(AlarmNames=["foreign"])


def alarms(chain: Chain) -> dict[str, dict[str, Any]]:
    pages = chain.deployment.stack.client("cloudwatch").get_paginator("describe_alarms").paginate()
    return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}


def asked(chain: Chain, *words: str) -> dict[str, Any]:
    answer = chain.nightjar("alarms", *words, "--json")
    assert answer.stdout, answer.stderr
    return json.loads(answer.stdout)


def test_a_mixed_fleet_is_planned_made_and_comes_to_rest(chain: Chain, fleet: Any) -> None:
    cloudwatch = chain.deployment.stack.client("cloudwatch")
    (instance,) = fleet.instances
    before = alarms(chain)
    told_before = len(chain.records.facts("alarm.created"))

    plan = asked(chain, "plan")
    types = set(plan["summary"]["by_type"])
    assert mixed_fleet.TYPES <= types, mixed_fleet.TYPES - types
    assert plan["summary"]["unread"] == []
    assert plan["to_create"] > len(mixed_fleet.TYPES)
    assert alarms(chain) == before

    # A foreign alarm stands where one of ours should be.
    wanted = next(step["alarm"] for step in plan["create"] if step["alarm"]["metric"] == "ApproximateAgeOfOldestMessage")
    foreign: dict[str, Any] = {"MetricName": "Mine", "Namespace": "Mine", "Statistic": "Sum", "Period": 60}
    foreign |= {"EvaluationPeriods": 1, "Threshold": 7.0}
    for name in (wanted["name"], "foreign"):
        cloudwatch.put_metric_alarm(AlarmName=name, ComparisonOperator="GreaterThanThreshold", **foreign)

    done = asked(chain, "apply")
    assert done["applied"]["created"] == plan["to_create"] - 1
    assert (done["applied"]["left"], done["applied"]["refused"]) == (0, [])
    assert [conflict["name"] for conflict in done["plan"]["conflicts"]] == [wanted["name"]]
    made = {name: alarm for name, alarm in alarms(chain).items() if name not in before}
    assert len(made) == plan["to_create"] + 1
    for name, alarm in made.items():
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        if alarm["Namespace"] == "Mine":
            assert (tags, alarm["Threshold"]) == ([], 7.0)
        else:
            assert {tag["Key"]: tag["Value"] for tag in tags} == OWNED
            assert alarm["AlarmActions"][0].startswith(f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-")
    assert len(chain.records.facts("alarm.created")) - told_before == plan["to_create"] - 1

    again = asked(chain, "plan")
    assert (again["to_create"], again["to_change"], again["to_delete"]) == (0, 0, 0)
    assert again["in_force"] == plan["in_force"] + plan["to_create"] - 1

    # One tag, one change, and the explanation names it.
    chain.deployment.stack.client("ec2").create_tags(
        Resources=[instance.id], Tags=[{"Key": f"{PREFIX}:alarm:CPUUtilization", "Value": "critical=77"}]
    )
    changed = asked(chain, "apply")
    assert (changed["plan"]["to_create"], changed["applied"]["changed"], changed["plan"]["to_delete"]) == (0, 1, 0)
    (step,) = changed["plan"]["change"]
    assert alarms(chain)[step["alarm"]["name"]]["Threshold"] == 77
    explanation = chain.nightjar("explain", "alarm", step["alarm"]["name"])
    assert f"tag {PREFIX}:alarm:CPUUtilization = critical=77" in explanation.stdout, explanation.stderr

    # Terminated: its alarms go, nobody else's.
    described = {name: alarm.get("AlarmDescription") or "" for name, alarm in alarms(chain).items()}
    of_instance = {name for name, text in described.items() if f"instance/{instance.id}" in text}
    others = set(alarms(chain)) - of_instance
    chain.deployment.stack.client("ec2").terminate_instances(InstanceIds=[instance.id])
    gone = asked(chain, "apply")
    assert gone["applied"]["deleted"] == len(of_instance) > 0
    assert set(alarms(chain)) == others
    assert alarms(chain)["foreign"]["Threshold"] == alarms(chain)[wanted["name"]]["Threshold"] == 7.0

    coverage = chain.records.api("/coverage?limit=500")
    assert {covered["type"] for covered in coverage["resources"]} >= mixed_fleet.TYPES - {"ec2:instance"}
    cloudwatch.delete_alarms(AlarmNames=[wanted["name"]])
