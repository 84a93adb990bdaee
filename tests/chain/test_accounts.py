"""Two accounts in two regions each, and a third whose role is not there: each watched with its own credentials, none mistaken for
another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import mixed_fleet
import pytest

from conftest import ACCOUNTS, Chain, until, watch_accounts
from demo.fleet import BYSTANDER, IMAGE, Instance
from local import terraform
from local.deployment import PREFIX, Deployment
from local.stack import ACCOUNT, REGION, ROOT
from test_coverage_alarms import publish, within_and_beyond

OTHER, REFUSING, REGION_2 = "222222222222", "333333333333", "eu-west-1"
#: Account and region; the first is the suite's own.
SCOPES = [(ACCOUNT, REGION), (ACCOUNT, REGION_2), (OTHER, REGION), (OTHER, REGION_2)]
EVERYWHERE = [f"{account}/{region}" for account, region in SCOPES]


class Accounts:
    """The same queue everywhere, and an instance in the other account."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.queues = {}
        for scope in SCOPES:
            sqs = self.client("sqs", scope)
            self.queues[scope] = sqs.create_queue(QueueName="work", tags=mixed_fleet.TAGS)["QueueUrl"]
        tags = [*mixed_fleet.PAIRS, {"Key": f"{PREFIX}:remediate", "Value": "reboot"}]
        instances = self.client("ec2", SCOPES[2]).run_instances(
            ImageId=IMAGE,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        self.instance: str = instances["Instances"][0]["InstanceId"]

    def client(self, service: str, scope: tuple[str, str]) -> Any:
        return self.chain.deployment.stack.elsewhere(service, *scope)

    def alarms(self, scope: tuple[str, str]) -> dict[str, dict[str, Any]]:
        pages = self.client("cloudwatch", scope).get_paginator("describe_alarms").paginate()
        return {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

    def made(self, scope: tuple[str, str]) -> dict[str, dict[str, Any]]:
        """Those that watch a resource for Nightjar."""
        return {name: alarm for name, alarm in self.alarms(scope).items() if " resource=" in (alarm.get("AlarmDescription") or "")}

    def asked(self, *words: str) -> dict[str, Any]:
        answer = self.chain.nightjar("alarms", *words, "--json")
        assert answer.stdout, answer.stderr
        return json.loads(answer.stdout)

    def plan(self, *, several: bool) -> dict[str, Any]:
        """Onboarding looks for a newer version of the document at most every half minute."""

        def look() -> dict[str, Any] | None:
            plan = self.asked("plan")
            return plan if ("by_scope" in plan["summary"]) == several else None

        return until(look, "the document to be in force", seconds=60)

    def remove(self) -> None:
        for scope, url in self.queues.items():
            self.client("sqs", scope).delete_queue(QueueUrl=url)
            cloudwatch = self.client("cloudwatch", scope)
            for name in [*self.made(scope), "foreign"]:
                cloudwatch.delete_alarms(AlarmNames=[name])
        self.client("ec2", SCOPES[2]).terminate_instances(InstanceIds=[self.instance])


@pytest.fixture(scope="module")
def role(deployment: Deployment) -> None:
    """What the other account's administrator applies."""
    variables = {"suite_account": ACCOUNT, "external_id": "said-by-the-suite"}
    terraform.apply_module(deployment.stack, "watched-account", OTHER, variables)


@pytest.fixture
def accounts(chain: Chain, role: None) -> Iterator[Accounts]:
    running = Accounts(chain)
    watch_accounts(chain.deployment, ACCOUNTS.parent)
    yield running
    running.remove()
    watch_accounts(chain.deployment, ROOT / "config")
    running.plan(several=False)


def test_two_accounts_in_two_regions_come_to_rest_and_a_role_that_is_missing_is_a_gap(chain: Chain, accounts: Accounts) -> None:
    plan = accounts.plan(several=True)
    scopes = {one["scope"]: one for one in plan["summary"]["by_scope"]}
    assert [scope for scope, one in scopes.items() if one["read"]] == EVERYWHERE
    (gap,) = plan["summary"]["unread"]
    assert (gap["source"], gap["scope"]) == ("everything", f"{REFUSING}/{REGION}")
    assert "is refused: AccessDenied" in gap["problem"]
    assert all(scopes[scope]["to_create"] > 0 for scope in EVERYWHERE), scopes
    assert all(accounts.made(scope) == {} for scope in SCOPES[1:])

    # Foreign alarms in the other account: one under a name of its own, one where ours should be.
    queue = next(
        step["alarm"]["name"] for step in plan["create"] if step["resource"] == f"arn:aws:sqs:{REGION_2}:{OTHER}:work"
    )
    foreign: dict[str, Any] = {"MetricName": "Mine", "Namespace": "Mine", "Statistic": "Sum", "Period": 60}
    foreign |= {"EvaluationPeriods": 1, "Threshold": 7.0, "ComparisonOperator": "GreaterThanThreshold"}
    for name in ("foreign", queue):
        accounts.client("cloudwatch", SCOPES[3]).put_metric_alarm(AlarmName=name, **foreign)

    done = accounts.asked("apply")
    assert (done["applied"]["created"], done["applied"]["left"]) == (plan["to_create"] - 1, 0), done["applied"]
    assert [conflict["name"] for conflict in done["plan"]["conflicts"]] == [queue]
    names: list[str] = []
    for scope in SCOPES:
        made = accounts.made(scope)
        assert made, scope
        names += made
        here = ":".join(reversed(scope))
        assert all(alarm["AlarmArn"].startswith(f"arn:aws:cloudwatch:{here}:") for alarm in made.values())
        topics = {action for alarm in made.values() for action in alarm["AlarmActions"]}
        assert (topics == set()) == (scope != SCOPES[0]), (scope, topics)
    assert len(names) == len(set(names)) == plan["to_create"] - 1

    again = accounts.asked("plan")
    assert (again["to_create"], again["to_change"], again["to_delete"]) == (0, 0, 0)

    # The same name four times, and four resources.
    chain.run("onboarding")
    queues = [item for item in chain.records.inventory() if item["id"] == "work"]
    assert sorted(f"{item['account']}/{item['region']}" for item in queues) == sorted(EVERYWHERE)
    whole = chain.records.api("/coverage?limit=500")["whole"]
    assert [one["scope"] for one in whole["by_scope"] if one["read"]] == EVERYWHERE
    assert [unread["scope"] for unread in whole["unread"]] == [f"{REFUSING}/{REGION}"]

    # Terminated there: its alarms go, nobody else's.
    before = {scope: set(accounts.alarms(scope)) for scope in SCOPES}
    of_instance = {name for name, alarm in accounts.made(SCOPES[2]).items() if accounts.instance in alarm["AlarmDescription"]}
    accounts.client("ec2", SCOPES[2]).terminate_instances(InstanceIds=[accounts.instance])
    gone = accounts.asked("apply")
    assert gone["applied"]["deleted"] == len(of_instance) > 0
    before[SCOPES[2]] -= of_instance
    assert {scope: set(accounts.alarms(scope)) for scope in SCOPES} == before
    assert accounts.alarms(SCOPES[3])["foreign"]["Threshold"] == accounts.alarms(SCOPES[3])[queue]["Threshold"] == 7.0
    accounts.client("cloudwatch", SCOPES[3]).delete_alarms(AlarmNames=[queue])


def test_an_alarm_elsewhere_becomes_an_incident_of_the_resource_there(chain: Chain, accounts: Accounts) -> None:
    accounts.plan(several=True)
    chain.run("onboarding")
    accounts.asked("apply")
    of_instance = [alarm for alarm in accounts.made(SCOPES[2]).values() if alarm["AlarmDescription"].endswith(f"/{accounts.instance}")]
    (alarm,) = [alarm for alarm in of_instance if alarm["MetricName"] == "CPUUtilization"]
    assert alarm["AlarmActions"] == [], "it tells nobody: its state is read"
    cloudwatch = accounts.client("cloudwatch", SCOPES[2])
    within, beyond = within_and_beyond(alarm)

    def incident() -> dict[str, Any] | None:
        chain.run("log-analyzer-rca")
        rows = [row for row in chain.records.incidents() if row["resource_id"] == accounts.instance]
        assert len(rows) <= 1, "however often the state is read"
        return rows[0] if rows else None

    publish(cloudwatch, alarm, within)
    publish(cloudwatch, alarm, beyond, times=1000)
    opened = until(incident, "the alarm to be read", seconds=60)
    resource, metric = opened["anomaly"]["resource"], opened["anomaly"]["metric"]
    assert (resource["account"], resource["region"], metric["scope"]) == (OTHER, REGION, f"{OTHER}/{REGION}")
    assert alarm["AlarmName"] in opened["anomaly"]["reasons"][0]
    assert len(chain.mails(Instance(BYSTANDER, accounts.instance))) == 1

    publish(cloudwatch, alarm, within, times=1_000_000)
    again = until(incident, "the alarm to be read again")
    assert f"the alarm {alarm['AlarmName']} is OK again" in again["timeline"][-1]["why"]


def test_metrics_elsewhere_reach_the_detector_under_a_name_of_their_own(chain: Chain, accounts: Accounts) -> None:
    accounts.plan(several=True)
    chain.run("onboarding")

    # Datapoints in the other account reach the detector, under a name of their own.
    cloudwatch = accounts.client("cloudwatch", SCOPES[2])
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [{"Name": "InstanceId", "Value": accounts.instance}]
    cloudwatch.put_metric_data(
        Namespace="AWS/EC2",
        MetricData=[
            {"MetricName": "CPUUtilization", "Dimensions": dimensions, "Value": 20.0, "Timestamp": now - timedelta(minutes=5 * n)}
            for n in range(3, 15)
        ],
    )

    # Each function takes the document up within half a minute.
    def learnt() -> bool:
        chain.run("anomaly-detector")
        return any(item["series"].startswith(f"{OTHER}/{REGION}|AWS/EC2|CPUUtilization|") for item in chain.records.series())

    until(learnt, "the detector to read the other account", seconds=60)
