"""Metric filters come with the log groups of watched resources, are set right where somebody changed them, and go with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mixed_fleet

from conftest import Chain, until
from demo.fleet import BYSTANDER
from local.deployment import PREFIX
from local.stack import ROOT


def filters(chain: Chain) -> dict[tuple[str, str], dict[str, Any]]:
    pages = chain.deployment.stack.client("logs").get_paginator("describe_metric_filters").paginate()
    return {(found["logGroupName"], found["filterName"]): found for page in pages for found in page["metricFilters"]}


def asked(chain: Chain, what: str) -> dict[str, Any]:
    answer = chain.nightjar("alarms", what, "--json")
    assert answer.stdout, answer.stderr
    return json.loads(answer.stdout)


def publish(chain: Chain, folder: Path, document: dict[str, Any]) -> None:
    (folder / "log_watch.json").write_text(json.dumps(document))
    told = chain.nightjar("config", "publish", "log_watch", "--dir", str(folder), "--why", "a test", "--prefix", PREFIX)
    assert told.returncode == 0, told.stderr


def test_metric_filters_are_planned_made_set_right_and_removed(chain: Chain, tmp_path: Path) -> None:
    logs = chain.deployment.stack.client("logs")
    fleet = chain.launch(BYSTANDER, with_history=False)
    group = fleet.get(BYSTANDER).log_group
    theirs = (group, f"{PREFIX}-errors-0123456789")
    counted = {"metricName": "Mine", "metricNamespace": "Mine", "metricValue": "1"}
    logs.put_metric_filter(logGroupName=group, filterName=theirs[1], filterPattern="x", metricTransformations=[counted])
    shipped = json.loads((ROOT / "config/log_watch.json").read_text())
    assert asked(chain, "plan")["filters"]["create"] == [], "they are switched on by whoever pays for them"

    switched_on = shipped | {"metric_filters": shipped["metric_filters"] | {"enabled": True}}
    publish(chain, tmp_path, switched_on)
    try:
        # Onboarding looks for a newer version at most every half minute.
        plan = until(lambda: found if (found := asked(chain, "plan")["filters"])["create"] else None, "a plan", seconds=60)
        assert {spec["group"] for spec in plan["create"]} == {group}
        assert plan["usd_a_month"] == {"now": 0.0, "after": 0.6}
        assert set(filters(chain)) == {theirs}

        assert asked(chain, "apply")["filters"] == {"put": 2, "removed": 0, "left": 0, "refused": []}
        made = {key: found for key, found in filters(chain).items() if key != theirs}
        assert len(made) == 2
        for (_, name), found in made.items():
            (metric,) = found["metricTransformations"]
            assert (metric["metricNamespace"], metric["defaultValue"]) == (f"Nightjar/{PREFIX}/LogLines", 0.0)
            assert metric["metricName"].endswith(f" {group}") and name.startswith(f"{PREFIX}-")
        again = asked(chain, "plan")["filters"]
        assert (again["create"], again["change"], again["remove"], again["in_force"]) == ([], [], [], 2)

        drifted = next(iter(made.values()))
        logs.put_metric_filter(
            logGroupName=group,
            filterName=drifted["filterName"],
            filterPattern="nothing",
            metricTransformations=drifted["metricTransformations"],
        )
        (change,) = asked(chain, "plan")["filters"]["change"]
        assert change["differences"] == [f"pattern: nothing → {drifted['filterPattern']}"]
        assert asked(chain, "apply")["filters"]["put"] == 1
        assert filters(chain)[(group, drifted["filterName"])]["filterPattern"] == drifted["filterPattern"]

        # The instance goes, its log group stays: ours goes, theirs stays.
        chain.deployment.stack.client("ec2").terminate_instances(InstanceIds=[fleet.get(BYSTANDER).id])
        assert asked(chain, "apply")["filters"]["removed"] == 2
        assert set(filters(chain)) == {theirs}
        kinds = [fact["kind"] for fact in chain.records.facts() if fact["subject"].startswith(f"{group}#{PREFIX}-")]
        assert (kinds.count("log_filter.put"), kinds.count("log_filter.removed")) == (3, 2)
    finally:
        publish(chain, tmp_path, shipped)
        mixed_fleet.forget(chain.deployment.stack)
