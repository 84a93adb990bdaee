"""The scenario suite on the local AWS: the real function reads real metrics and log events, and has five seconds.

A representative part runs with the other chain tests; `make scenarios` runs all of it and reports.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from conftest import Chain, until
from local import stack as local_stack
from local.deployment import PREFIX
from scenarios.world import NEEDS_A_PAST, Scenario

FOLDER = local_stack.ROOT / "tests/scenarios"
EVERY = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in NEEDS_A_PAST)
SAMPLE = ["burst_credits", "hikari_pool", "newsletter_traffic", "oom_killer", "unknown_denied", "unknown_old_errors"]
#: `make scenarios`: every one of them, and against the clock. The other tests must not fail because a machine is busy.
ALL = os.environ.get("SCENARIOS") == "all"
NAMES = EVERY if ALL else SAMPLE
#: What a person who has just been paged will wait.
SECONDS = 5.0


@pytest.fixture(scope="module")
def results() -> Any:
    told: list[tuple[str, str, int, float, str]] = []
    yield told
    print()
    for name, truth, place, seconds, first in told:
        print(f"{name:<24} {truth:<28} place {place}  {seconds:4.1f} s  {first}")
    faults = [row for row in told if row[1] != "unknown"]
    print(f"first in {sum(row[2] == 1 for row in faults)} of {len(faults)} faults, slowest {max(row[3] for row in told):.1f} s")


@pytest.mark.parametrize("name", NAMES)
def test_the_true_cause_is_found_in_time(chain: Chain, results: list[Any], name: str) -> None:
    scenario = Scenario.read(FOLDER / f"{name}.json", datetime.now(UTC))
    prepare(chain, scenario)
    with ExitStack() as faults:
        if scenario.is_denied:
            for service, action in (("logs", "StartQuery"), ("logs", "FilterLogEvents"), ("cloudtrail", "LookupEvents")):
                faults.enter_context(chain.fault(service, action, "error", count=1000))
        began = time.monotonic()
        chain.publish("anomalies", json.dumps(scenario.anomaly()))
        (incident,) = until(lambda: of(chain, scenario), f"the incident of {name}", seconds=60)
        seconds = time.monotonic() - began
    chain.settle()
    clear(chain, scenario)

    finding = incident["finding"]
    kinds = [cause["kind"] for cause in finding["causes"]]
    place = kinds.index(scenario.truth) + 1 if scenario.truth in kinds else 0
    results.append((name, scenario.truth, place, seconds, finding["summary"]))
    assert 1 <= place <= (1 if scenario.truth == "unknown" else 3), finding["summary"]
    assert seconds <= SECONDS or not ALL, f"the finding took {seconds:.1f} s; not read: {finding['gaps']}"
    if scenario.log_group is None or scenario.is_denied:
        assert any(gap["source"].startswith("logs of ") for gap in finding["gaps"]), finding["gaps"]


def of(chain: Chain, scenario: Scenario) -> list[dict[str, Any]]:
    return [row for row in chain.records.incidents() if row["resource_id"] == scenario.instance]


def prepare(chain: Chain, scenario: Scenario) -> None:
    stack = chain.deployment.stack
    serialize = TypeSerializer().serialize
    for resource in scenario.resources(datetime.now(UTC)):
        item = json.loads(json.dumps(resource), parse_float=Decimal)
        stack.client("dynamodb").put_item(
            TableName=f"{PREFIX}-inventory", Item={key: serialize(value) for key, value in item.items()}
        )
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for namespace, datum in scenario.points():
        by_namespace.setdefault(namespace, []).append(datum)
    for namespace, data in by_namespace.items():
        for batch in in_batches(data, 1000):
            stack.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=batch)
    if scenario.log_group:
        logs = stack.client("logs")
        logs.create_log_group(logGroupName=scenario.log_group)
        logs.create_log_stream(logGroupName=scenario.log_group, logStreamName="app")
        now = datetime.now(UTC)
        events = [
            {"timestamp": int(at.timestamp() * 1000), "message": line} for at, line in scenario.lines() if at <= now
        ]
        for batch in in_batches(events, 5000):
            logs.put_log_events(logGroupName=scenario.log_group, logStreamName="app", logEvents=batch)


def in_batches(rows: list[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(rows)
    while batch := list(islice(rest, size)):
        yield batch


def clear(chain: Chain, scenario: Scenario) -> None:
    stack = chain.deployment.stack
    for resource in scenario.resources(datetime.now(UTC)):
        stack.client("dynamodb").delete_item(TableName=f"{PREFIX}-inventory", Key={"arn": {"S": resource["arn"]}})
    if scenario.log_group:
        stack.client("logs").delete_log_group(logGroupName=scenario.log_group)
