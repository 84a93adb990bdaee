"""Delivery is at least once: duplicates change nothing, and a crash loses nothing."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from conftest import Chain
from demo.fleet import BYSTANDER, TARGET
from local.deployment import PREFIX


def test_every_message_three_times_over_is_one_of_everything(chain: Chain) -> None:
    fleet = chain.launch(TARGET, BYSTANDER)
    target, bystander = fleet.get(TARGET), fleet.get(BYSTANDER)
    with chain.copies(3):
        fleet.get_into_trouble()
        chain.run("anomaly-detector")

    for instance in (target, bystander):
        (incident,) = chain.incidents(instance)
        about = [post["body"] for post in chain.posts("webhook", instance) if incident["id"] in str(post["body"])]
        assert len(chain.facts("anomaly.detected", instance)) == 1
        assert Counter(json.dumps(body, sort_keys=True) for body in about).most_common(1)[0][1] == 1
        assert Counter(str(post["body"]) for post in chain.posts("slack", instance)).most_common(1)[0][1] == 1
        assert Counter(chain.mails(instance)).most_common(1)[0][1] == 1
    assert max(Counter(post["id"] for post in chain.records.posts("webhook")).values()) == 1
    assert (chain.reboots(target), chain.reboots(bystander)) == (1, 0)
    assert len(chain.facts("remediation.started", target)) == 1
    assert len(chain.facts("remediation.finished", target)) == 1
    assert len(chain.facts("remediation.declined", bystander)) == 1


@pytest.mark.parametrize(
    ("function", "topic"), [("anomaly-detector", "anomalies"), ("log-analyzer-rca", "critical-alerts")]
)
def test_a_function_killed_before_it_publishes_completes_on_redelivery(chain: Chain, function: str, topic: str) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    fleet.get_into_trouble()
    with chain.fault("sns", "Publish", "kill", function=f"{PREFIX}-{function}", contains=f"{PREFIX}-{topic}"):
        chain.run("anomaly-detector")
        assert chain.deployment.stack.control("GET", "faults") == [], "the function was not killed"

    assert len(chain.incidents(target)) == 1
    assert chain.mails(target) and chain.posts("slack", target) and chain.posts("webhook", target)
    assert chain.reboots(target) == 1
    assert chain.dead_letters(function) == 0


def test_an_engine_killed_in_the_middle_of_a_reboot_never_reboots_twice(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    fleet.get_into_trouble()
    with chain.fault("ec2", "RebootInstances", "kill", function=f"{PREFIX}-remediation-engine"):
        chain.run("anomaly-detector")

    assert chain.dead_letters("remediation-engine") == 1
    assert chain.reboots(target) == 0
    assert len(chain.facts("remediation.started", target)) == 1
    assert chain.facts("remediation.finished", target) == []
