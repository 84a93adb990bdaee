"""Alarms fire: every alarm that the catalogue switches on goes from OK to ALARM on a datapoint over its threshold, and the incident
of its resource says so. Which types and alarms there are is read from the catalogue."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import mixed_fleet
import pytest

from conftest import Chain, Deployment, remove_fleets, until
from demo.fleet import BYSTANDER
from demo.records import Records
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION, ROOT

CATALOGUE: dict[str, Any] = json.loads((ROOT / "config/alert_thresholds.json").read_text())["resource_types"]
#: The suite's own alarms call those who run it, and open no incident.
SUITE = "nightjar:suite"
#: A value within the threshold would stay the period's statistic whatever came after it: these go to ALARM from where they are.
KEEPS_THE_FIRST = {"Minimum": "Grea", "Maximum": "Less"}


def switched_on(kind: str) -> list[dict[str, Any]]:
    return [entry for entry in CATALOGUE[kind]["metrics"] if entry.get("alarm", {}).get("default", "off") != "off"]


@dataclass(frozen=True)
class Watched:
    """A fleet of every type with its alarms."""

    chain: Chain
    #: The inventory by type.
    resources: dict[str, dict[str, Any]]

    def alarms(self, arn: str) -> list[dict[str, Any]]:
        pages = self.chain.deployment.stack.client("cloudwatch").get_paginator("describe_alarms").paginate()
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return [alarm for alarm in alarms if (alarm.get("AlarmDescription") or "").endswith(f" resource={arn}")]

    def state(self, alarm: dict[str, Any]) -> str:
        cloudwatch = self.chain.deployment.stack.client("cloudwatch")
        return cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"][0]["StateValue"]

    def put(self, alarm: dict[str, Any], value: float, times: int = 1) -> None:
        publish(self.chain.deployment.stack.client("cloudwatch"), alarm, value, times)

    def incidents(self, resource: dict[str, Any]) -> list[dict[str, Any]]:
        listed = self.chain.records.api(f"/events?resource={quote(resource['id'], safe='')}")["events"]
        rows = {row["id"]: row for row in self.chain.records.incidents()}
        return [rows[event["id"]] for event in listed if rows[event["id"]]["anomaly"]["resource"]["arn"] == resource["arn"]]


def publish(cloudwatch: Any, alarm: dict[str, Any], value: float, times: int = 1) -> None:
    """The value in every period that the alarm looks at, and in the next one, which may begin at any moment."""
    now = datetime.now(timezone.utc)
    at = [now - timedelta(seconds=alarm["Period"] * n) for n in range(-1, alarm["EvaluationPeriods"])]
    data = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Values": [value], "Counts": [times]}
    cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[data | {"Timestamp": moment} for moment in at])


@pytest.fixture(scope="module")
def watched(deployment: Deployment) -> Iterator[Watched]:
    chain, stack = Chain(deployment, Records(deployment)), deployment.stack
    chain.launch(BYSTANDER, with_history=False)
    mixed_fleet.launch(stack, "-of-alarms")
    chain.run("onboarding")
    resources = {row["type"]: row for row in chain.records.inventory()}
    for kind, resource in resources.items():
        publish_what_varies(chain, kind, resource)
    answer = chain.nightjar("alarms", "apply", "--json")
    applied = json.loads(answer.stdout)["applied"]
    assert (applied["left"], applied["refused"]) == (0, []), answer.stderr
    chain.settle()
    yield Watched(chain, resources)
    mixed_fleet.forget(stack)
    remove_fleets(chain)


def publish_what_varies(chain: Chain, kind: str, resource: dict[str, Any]) -> None:
    """A metric that only some resources have gets its alarm once somebody publishes it."""
    cluster = resource["arn"].split("/")[-2] if kind == "ecs:service" else ""
    own = {"id": resource["id"], "arn": resource["arn"], "account": ACCOUNT, "region": REGION, "cluster": cluster}
    for entry in switched_on(kind):
        if entry["discovery"] != "list_metrics":
            continue
        templates = entry.get("dimensions") or CATALOGUE[kind]["dimensions"]
        dimensions = {name: template.format(**own) for name, template in templates.items()}
        dimensions |= {name: f"a-{name.lower()}" for name in entry.get("further_dimensions") or []}
        chain.deployment.stack.client("cloudwatch").put_metric_data(
            Namespace=entry["namespace"],
            MetricData=[
                {
                    "MetricName": entry["metric"],
                    "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
                    "Timestamp": datetime.now(timezone.utc) - timedelta(hours=2),
                    "Value": entry["alarm"]["critical"],
                }
            ],
        )


def within_and_beyond(alarm: dict[str, Any]) -> tuple[float, float]:
    """A value that is no alarm, and one that is, even where a thousand of it are averaged with one of the former."""
    threshold = alarm["Threshold"]
    if alarm["ComparisonOperator"].startswith("Greater"):
        return 0.0, 10 * (threshold + 1)
    within = 2 * threshold + 1
    return within, threshold - within


def test_the_fleet_has_every_type_of_the_catalogue() -> None:
    assert set(CATALOGUE) - mixed_fleet.TYPES == {SUITE}
    assert all(switched_on(kind) for kind in CATALOGUE)


@pytest.mark.parametrize("kind", sorted(set(CATALOGUE) - {SUITE}))
def test_every_alarm_of_a_type_fires_and_reaches_the_incident_list(watched: Watched, kind: str) -> None:
    resource = watched.resources[kind]
    alarms = watched.alarms(resource["arn"])
    wanted = {(entry["namespace"], entry["metric"]) for entry in switched_on(kind)}
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms} == wanted
    for alarm in alarms:
        within, beyond = within_and_beyond(alarm)
        before = watched.state(alarm)
        if KEEPS_THE_FIRST.get(alarm.get("Statistic", "")) == alarm["ComparisonOperator"][:4]:
            assert before != "ALARM", alarm["AlarmName"]
        else:
            watched.put(alarm, within)
            assert watched.state(alarm) == "OK", alarm["AlarmName"]
        if before == "ALARM":
            # What is not published is a breach of this one. OK and ALARM within a second would be one moment.
            watched.chain.settle()
            time.sleep(1.1)
        fired_at = datetime.now(timezone.utc).replace(microsecond=0)
        watched.put(alarm, beyond, times=1000)
        assert watched.state(alarm) == "ALARM", alarm["AlarmName"]
        watched.chain.settle()

        def told() -> bool:
            sources = [source for incident in watched.incidents(resource) for source in incident["sources"]]
            mine = [source for source in sources if source["found_by"] == "alarm" and f"|{alarm['MetricName']}|" in source["name"]]
            return any(datetime.fromisoformat(source["last_at"]) >= fired_at for source in mine)

        until(told, f"{alarm['AlarmName']} in an incident of {resource['arn']}", seconds=15)
        assert any(alarm["AlarmName"] in json.dumps(incident, default=str) for incident in watched.incidents(resource))
    assert watched.chain.dead_letters("log-analyzer-rca") == 0


def test_the_suites_own_alarms_call_those_who_run_it(watched: Watched) -> None:
    alarms = watched.alarms(f"nightjar:{PREFIX}")
    assert len(alarms) == len(switched_on(SUITE))
    for alarm in alarms:
        # The functions run here as they like, and a datapoint cannot be less than none: the state is set.
        cloudwatch = watched.chain.deployment.stack.client("cloudwatch")
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="a test")
        assert alarm["AlarmActions"] == [f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-ops"]
        until(lambda: any(alarm["AlarmName"] in mail.get_content() for mail in watched.chain.records.mails()), "the e-mail")


def test_what_the_emulator_does_not_evaluate_is_none_of_what_onboarding_makes(watched: Watched) -> None:
    cloudwatch = watched.chain.deployment.stack.client("cloudwatch")
    stat = {"Metric": {"Namespace": "Mine", "MetricName": "m"}, "Period": 60, "Stat": "Maximum"}
    cloudwatch.put_metric_alarm(
        AlarmName="of-an-expression",
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "m", "MetricStat": stat, "ReturnData": False},
            {"Id": "e", "Expression": "m * 2", "ReturnData": True},
        ],
    )
    try:
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 9.0}])
        assert watched.state({"AlarmName": "of-an-expression"}) == "INSUFFICIENT_DATA"
    finally:
        cloudwatch.delete_alarms(AlarmNames=["of-an-expression"])
    made = [alarm for resource in watched.resources.values() for alarm in watched.alarms(resource["arn"])]
    assert all(alarm.get("MetricName") and not alarm.get("Metrics") for alarm in made)
    statistics = {alarm.get("ExtendedStatistic") or alarm["Statistic"] for alarm in made}
    assert statistics == {"Average", "Sum", "Minimum", "Maximum", "p90"}
