"""The configuration travels apart from the code: published by Terraform, changed by people, and never worse than before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conftest import Chain, until
from demo.fleet import CONTROL
from local.deployment import PREFIX

TABLE = f"{PREFIX}-config"
CPU = {"ec2:instance": {"CPUUtilization": {"critical": 97.0, "why": "batch nights"}}}


def versions(chain: Chain, document: str) -> list[dict[str, Any]]:
    """Newest first."""
    answer = chain.deployment.stack.client("dynamodb").query(
        TableName=TABLE,
        KeyConditionExpression="document = :document",
        ExpressionAttributeValues={":document": {"S": document}},
        ScanIndexForward=False,
    )
    return answer["Items"]


def becomes(alarm: Callable[[], dict[str, Any]], threshold: float) -> dict[str, Any]:
    """Onboarding looks for a newer version at most every half minute."""
    return until(lambda: found if (found := alarm())["threshold"] == threshold else None, f"a threshold of {threshold}", seconds=60)


def test_terraform_publishes_every_document_once_and_tells_the_trail(chain: Chain) -> None:
    documents = ["alert_thresholds", "escalation_rules", "log_signals", "log_watch", "maintenance_windows", "products", "security_noise"]
    subjects = [fact["subject"] for fact in chain.records.facts("config.published")]
    for document in documents:
        version = versions(chain, document)[-1]
        assert (version["version"]["N"], version["by"]["S"]) == ("1", "terraform")
        assert subjects.count(f"config/{document}") == 1


def test_thresholds_are_set_explained_and_brought_back(chain: Chain) -> None:
    chain.launch(CONTROL, with_history=False)

    def alarm() -> dict[str, Any]:
        plan = json.loads(chain.nightjar("alarms", "plan", "--json").stdout)
        steps = [step["alarm"] for step in plan["create"] if step["alarm"]["metric"] == "CPUUtilization"]
        return steps[0]

    assert alarm()["threshold"] == 95.0
    before = chain.records.api("/thresholds")["set"]["version"]
    told = chain.records.api("/thresholds", {"resource_types": CPU}, method="PUT")
    assert told["version"] == before + 1
    planned = becomes(alarm, 97.0)
    explained = json.loads(chain.nightjar("explain", "alarm", planned["name"], "--json").stdout)
    (threshold,) = [value for value in explained["values"] if value["name"] == "threshold"]
    assert threshold["from"] == "override" and "batch nights" in threshold["place"]

    back = chain.records.api("/thresholds/revert", {"version": before, "why": "it was right"}, method="POST")
    assert (back["version"], back["brings_back"]) == (before + 2, before)
    becomes(alarm, 95.0)
    kinds = [fact["kind"] for fact in chain.records.facts() if fact["subject"] == "config/threshold_overrides"]
    assert sorted(kinds) == ["config.published", "config.rolled_back"]


def test_a_products_thresholds_lie_between_tags_and_what_is_set(chain: Chain) -> None:
    (instance,) = chain.launch(CONTROL, with_history=False).instances

    def alarm() -> dict[str, Any]:
        plan = json.loads(chain.nightjar("alarms", "plan", "--json").stdout)
        return next(step["alarm"] for step in plan["create"] if step["alarm"]["metric"] == "CPUUtilization")

    product = {"matchers": [f'resource="{instance.id}"'], "owner": "team-shop", "criticality": "high"}
    said = {"CPUUtilization": {"critical": 91.0, "why": "renders at night"}, "Heat": {"critical": 1.0, "why": "x"}}
    chain.records.api("/products/renders", product | {"thresholds": {"ec2:instance": said}}, method="PUT")
    try:
        planned = becomes(alarm, 91.0)
        explained = json.loads(chain.nightjar("explain", "alarm", planned["name"], "--json").stdout)
        (threshold,) = [value for value in explained["values"] if value["name"] == "threshold"]
        assert threshold["from"] == "product"
        assert threshold["place"] == "product renders, thresholds ec2:instance CPUUtilization: renders at night"
        chain.run("onboarding")
        covered = {resource["id"]: resource for resource in chain.records.api("/coverage?limit=500")["resources"]}
        (gap,) = [gap for gap in covered[instance.id]["gaps"] if gap["kind"] == "bad_product_threshold"]
        assert "the product renders says of Heat" in gap["what"]
        tag = {"Key": f"{PREFIX}:alarm:CPUUtilization", "Value": "critical=77"}
        chain.deployment.stack.client("ec2").create_tags(Resources=[instance.id], Tags=[tag])
        assert alarm()["threshold"] == 77.0
    finally:
        chain.records.api("/products/renders", method="DELETE")


def test_a_bad_version_is_told_and_what_was_in_force_stays(chain: Chain) -> None:
    dynamodb = chain.deployment.stack.client("dynamodb")
    newest = versions(chain, "log_watch")[0]
    number = int(newest["version"]["N"]) + 1
    bad = newest | {"version": {"N": str(number)}, "json": {"S": "{}"}, "by": {"S": "somebody"}}
    dynamodb.put_item(TableName=TABLE, Item=bad)

    def refused() -> list[dict[str, Any]]:
        chain.run("log-analyzer-rca")
        return [fact for fact in chain.records.facts("config.refused") if fact["details"]["version"] == number]

    (fact, *_) = until(refused, "the refusal in the trail", seconds=60)
    assert (fact["actor"], fact["subject"]) == ("log-analyzer-rca", "config/log_watch")
    assert chain.dead_letters("log-analyzer-rca") == 0
    # The good text comes back as one more version, which is what a rollback does.
    dynamodb.put_item(TableName=TABLE, Item=newest | {"version": {"N": str(number + 1)}})
