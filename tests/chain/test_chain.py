"""One spike, from datapoint to reboot."""

from __future__ import annotations

import urllib.error

import pytest

from conftest import Chain
from demo.fleet import BYSTANDER, CONTROL, TARGET


def test_two_hot_instances_one_reboot_and_one_refusal(chain: Chain) -> None:
    fleet = chain.launch()
    target, bystander, control = (fleet.get(role) for role in (TARGET, BYSTANDER, CONTROL))
    assert not any(chain.facts("anomaly.detected", instance) for instance in fleet.instances)

    fleet.get_into_trouble()
    chain.run("anomaly-detector")

    for instance in (target, bystander):
        (incident,) = chain.incidents(instance)
        assert "memory_exhaustion" in str(incident["finding"])
        assert chain.mails(instance) and chain.posts("slack", instance) and chain.posts("webhook", instance)
    assert chain.incidents(control) == []
    assert (chain.reboots(target), chain.reboots(bystander)) == (1, 0)
    assert len(chain.facts("remediation.finished", target)) == 1
    (refusal,) = chain.facts("remediation.declined", bystander)
    assert "opted in" in str(refusal) or "not_opted_in" in str(refusal)


def test_the_api_tells_the_incident_and_refuses_nonsense_in_words(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    (incident,) = chain.incidents(fleet.get(BYSTANDER))

    assert incident["id"] in [event["id"] for event in chain.records.api("/events?limit=100")["events"]]
    assert chain.records.api(f"/events/{incident['id']}")["title"] == incident["title"]
    assert "/events" in chain.records.api("/openapi.json")["paths"]
    assert "services" not in chain.records.api("/health")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        chain.records.api("/events?status=WRONG")
    assert refusal.value.code == 400
    assert refusal.value.headers["content-type"] == "application/problem+json"
