"""The deployment itself."""

from __future__ import annotations

import re

import pytest

from local import terraform
from local.deployment import PREFIX, Deployment
from local.stack import ROOT


def test_a_second_plan_changes_nothing(deployment: Deployment) -> None:
    assert not terraform.plan(deployment.stack.home)


def test_the_production_configuration_knows_nothing_of_the_emulator() -> None:
    files = [path for path in (ROOT / "infrastructure").rglob("*.tf*") if path.is_file() and "tests" not in path.parts]
    assert files
    local = re.compile(r"\b(endpoints|skip_credentials_validation|access_key)\s*[={]")
    assert not [path.name for path in files if local.search(path.read_text())]


@pytest.mark.last
def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    assert terraform.destroy(deployment.stack.home) == []
    client = deployment.stack.client
    left = {
        "functions": [f for f in client("lambda").list_functions()["Functions"] if f["FunctionName"].startswith(PREFIX)],
        "tables": [name for name in client("dynamodb").list_tables()["TableNames"] if name.startswith(PREFIX)],
        "topics": [t for t in client("sns").list_topics()["Topics"] if f":{PREFIX}-" in t["TopicArn"]],
        "subscriptions": client("sns").list_subscriptions()["Subscriptions"],
        "queues": client("sqs").list_queues(QueueNamePrefix=PREFIX).get("QueueUrls", []),
        "rules": client("events").list_rules(NamePrefix=PREFIX)["Rules"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "apis": [api for api in client("apigatewayv2").get_apis()["Items"] if api["Name"].startswith(PREFIX)],
        "roles": [role for role in client("iam").list_roles()["Roles"] if role["RoleName"].startswith(PREFIX)],
        "aliases": [a for a in client("kms").list_aliases()["Aliases"] if a["AliasName"].startswith(f"alias/{PREFIX}")],
        "buckets": [b for b in client("s3").list_buckets()["Buckets"] if b["Name"].startswith(PREFIX)],
        "log groups": client("logs").describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"],
    }
    assert {what: found for what, found in left.items() if found} == {}
