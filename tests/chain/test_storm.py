"""A storm through the deployed suite: 10,000 alerts of 1,000 resources, as fast as the local AWS takes them.

It runs the function, a process for each message, before it answers who publishes: ten thousand processes on two cores are no minute.
Minutes long, and no test of every day: `make storm` runs it and tells what it measured. What the function makes of such a storm within
one minute by its clock, `functions/alert-handler/tests/it/storm.rs` shows every day.
"""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from alerts import Alerts
from conftest import Chain
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION
from receivers import Post, Receivers

pytestmark = pytest.mark.skipif(os.environ.get("STORM") != "all", reason="takes minutes: make storm")

ALERTS = 10_000
RESOURCES = 1_000
REGIONS = 4
#: SNS takes ten messages a call.
BATCH = 10
#: Seconds after which the emulator must have worked off what came in one minute.
PATIENCE = 2_400


def test_a_storm_is_a_handful_of_notifications_and_nothing_is_dropped(
    chain: Chain, alerts: Alerts, receivers: Receivers
) -> None:
    incidents = storm(alerts)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: publish(chain, incidents[at : at + BATCH], at), range(0, ALERTS, BATCH)))
    published = time.monotonic() - began

    # The schedule of every minute, by hand, while alerts arrive and until nothing new is to be told.
    while not chain.deployment.stack.is_at_rest():
        assert time.monotonic() - began < PATIENCE, "the storm was not worked off in time"
        chain.deployment.stack.fire(f"{PREFIX}-alert-handler-schedule")
        time.sleep(15)
    routed = time.monotonic() - began
    before = -1
    while len(receivers.of("storm")) != before or not complete(receivers.of("storm")):
        assert time.monotonic() - began < PATIENCE, f"told: {firing(receivers.of('storm'))}"
        before = len(receivers.of("storm"))
        time.sleep(61)
        chain.run("alert-handler")
    told = time.monotonic() - began

    posts = receivers.of("storm")
    kept = members(chain)
    print()
    print(f"{ALERTS} alerts of {RESOURCES} resources in {REGIONS} regions, published in {published:.0f} s")
    print(f"put into groups after {routed:.0f} s, all told after {told:.0f} s, in {len(posts)} notifications")
    print(f"{len(kept)} alerts are kept, of {sum(len(names) for names in kept.values())} incidents; alerts told last: {firing(posts)}")
    assert len(kept) == RESOURCES, "an alert for each resource"
    assert {name for names in kept.values() for name in names} == {incident["id"] for incident in incidents}
    assert firing(posts) == {f"storm-{region}": RESOURCES // REGIONS for region in range(REGIONS)}
    assert chain.dead_letters("alert-handler") == 0
    # A few a group: what came before its wait had ended, and what came in the intervals after.
    assert REGIONS <= len(posts) <= REGIONS * (2 + told / 60)
    # Last, since it is the local AWS that misses it: what the suite makes of the storm is judged all the same.
    assert published <= 60, f"published in {published:.0f} s, not within a minute"


def storm(alerts: Alerts) -> list[dict[str, Any]]:
    resources = [alerts.raised(f"storm-{number % REGIONS}") for number in range(RESOURCES)]
    found = []
    for number in range(ALERTS):
        incident = resources[number % RESOURCES] | {"id": f"inc_{number:020x}"}
        found.append(incident)
    return found


def publish(chain: Chain, incidents: list[dict[str, Any]], at: int) -> None:
    sns = chain.deployment.stack.client("sns")
    entries = [
        {"Id": str(at + index), "Message": json.dumps(envelope(incident))} for index, incident in enumerate(incidents)
    ]
    answer = sns.publish_batch(
        TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-critical-alerts", PublishBatchRequestEntries=entries
    )
    assert not answer.get("Failed"), answer


def envelope(incident: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "nightjar.incident/1",
        "id": incident["id"],
        "caused_by": None,
        "trace": incident["id"],
        "occurred_at": incident["opened_at"],
        "body": incident,
    }


def members(chain: Chain) -> dict[str, list[str]]:
    """The alerts of the storm's groups as they are kept, each with its open incidents."""
    pages = chain.deployment.stack.client("dynamodb").get_paginator("scan").paginate(TableName=f"{PREFIX}-alert-groups")
    found = {}
    for page in pages:
        for item in page["Items"]:
            if "member" in item and json.loads(item["member"]["S"])["labels"].get("region", "").startswith("storm-"):
                found[item["group"]["S"] + item["item"]["S"]] = item["open"]["SS"]
    return found


def firing(posts: list[Post]) -> dict[str, int]:
    """Alerts in the last notification of each region. A payload lists a hundred and counts the rest."""
    return {post.body["groupLabels"]["region"]: len(post.body["alerts"]) + post.body["truncatedAlerts"] for post in posts}


def complete(posts: list[Post]) -> bool:
    return sum(firing(posts).values()) == RESOURCES
