"""What the detector learns: from history, from people, and not from maintenance."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import pytest

from conftest import Chain
from demo.fleet import BYSTANDER, CONTROL, TARGET, Instance

CPU = "metric:AWS/EC2/CPUUtilization"


def judged_by(chain: Chain, instance: Instance) -> str | None:
    """The version of the trained model that judges the instance's CPU; None is the bundled one."""
    pointers = chain.records.pointers()
    scopes = (f"resource:{instance.id}", CPU, "account")
    found = (pointers[scope]["current"] for scope in scopes if scope in pointers and pointers[scope]["current"])
    return next((current["version"] for current in found), None)


def shared_pointers(chain: Chain) -> dict[str, Any]:
    return {scope: one for scope, one in chain.records.pointers().items() if not scope.startswith("resource:")}


def models(chain: Chain, *arguments: str) -> Any:
    done = chain.nightjar("models", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_models_are_trained_once_on_the_same_data_used_and_rolled_back(chain: Chain) -> None:
    fleet = chain.launch(TARGET, BYSTANDER, CONTROL)
    bystander = fleet.get(BYSTANDER)

    chain.run("model-trainer")

    pointers = shared_pointers(chain)
    assert {CPU, "account"} <= pointers.keys() and len(pointers) == 4, pointers.keys()
    promoted = [scope for scope, pointer in pointers.items() if pointer["current"]]
    assert promoted, [pointer["considered"]["why"] for pointer in pointers.values()]
    for scope, pointer in pointers.items():
        comparison = pointer["considered"]["comparison"]
        no_worse = (
            comparison["candidate_found"] >= comparison["current_found"]
            and comparison["candidate_alerts"] <= comparison["current_alerts"]
            and comparison["handover_alerts"] <= comparison["current_late_alerts"]
        )
        assert pointer["considered"]["promoted"] == no_worse == (scope in promoted)
    told = [fact["subject"] for fact in chain.records.facts("model.promoted") if fact["subject"] in pointers]
    assert sorted(told) == sorted(promoted)
    refused = [fact["subject"] for fact in chain.records.facts("model.rejected") if fact["subject"] in pointers]
    assert sorted(refused) == sorted(pointers.keys() - set(promoted))

    chain.run("model-trainer")

    assert shared_pointers(chain) == pointers
    again = [fact["subject"] for fact in chain.records.facts("model.promoted") if fact["subject"] in pointers]
    assert again == told

    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    (incident,) = chain.incidents(bystander)
    bundled = models(chain, "list")["bundled"]
    assert incident["anomaly"]["detector"] == (judged_by(chain, bystander) or bundled)

    scope = promoted[0]
    assert models(chain, "show", scope)["provenance"]["series"] >= 1
    back = models(chain, "rollback", scope, "--why", "a test")
    assert (back["current"], back["previous"]) == (None, pointers[scope]["current"])
    (fact,) = chain.records.facts("model.rolled_back")
    assert fact["subject"] == scope and fact["actor"].startswith("arn:aws:")
    assert chain.dead_letters("model-trainer") == chain.dead_letters("anomaly-detector") == 0


def test_a_resource_has_a_model_of_its_own_where_somebody_asks_for_it(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    instance = fleet.get(BYSTANDER)
    done = chain.nightjar("train", "--instance-id", instance.id, "--publish", "--json")
    report = json.loads(done.stdout)
    assert report["scope"] == f"resource:{instance.id}"
    assert (report["outcome"], done.returncode) in (("promoted", 0), ("rejected", 1)), done.stderr
    current = chain.records.pointers()[f"resource:{instance.id}"]["current"]
    assert (current is not None) == (report["outcome"] == "promoted")


def test_a_false_positive_raises_the_bar_once_and_can_be_withdrawn(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    bystander = fleet.get(BYSTANDER)
    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    (incident,) = chain.incidents(bystander)
    path = f"/alerts/{incident['id']}/feedback"
    word = {"verdict": "false_positive", "why": "the nightly import"}

    first, second = chain.records.api(path, word), chain.records.api(path, word)

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["bar_raised_by"] == 0.5 and second["bar_raised_by"] == pytest.approx(0.5, abs=1e-3)
    (fact,) = chain.facts("feedback.given", bystander)
    assert not fact["actor"].startswith("unauthenticated")
    assert fact["details"]["verdict"] == "false_positive"
    # The detector goes on with what people said.
    chain.run("anomaly-detector")
    (series,) = [one for one in chain.records.series() if "CPUUtilization" in one["series"] and bystander.id in one["series"]]
    assert json.loads(series["feedback"])["raise"] == 0.5

    done = chain.ask("feedback", incident["id"], "--withdraw", "--why", "it was one", "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["bar_raised_by"] == pytest.approx(0, abs=1e-6)
    assert len(chain.facts("feedback.given", bystander)) == 2
    assert chain.records.api(f"/events/{incident['id']}")["feedback"]["verdict"] == "withdrawn"

    for wrong, body, status in (("inc_0123456789abcdef0123", word, 404), (incident["id"], {"verdict": "x"}, 400)):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            chain.records.api(f"/alerts/{wrong}/feedback", body)
        assert refusal.value.code == status
        assert refusal.value.headers["content-type"] == "application/problem+json"


def test_what_happens_in_a_maintenance_window_is_passed_over(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    tag = [{"Key": "maintained", "Value": "always"}]
    ec2 = chain.deployment.stack.client("ec2")
    ec2.create_tags(Resources=[target.id], Tags=tag)
    chain.run("onboarding")
    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    ec2.delete_tags(Resources=[target.id], Tags=tag)
    chain.run("onboarding")

    chain.run("anomaly-detector")

    assert chain.incidents(target) == chain.facts("anomaly.detected", target) == []
    assert chain.reboots(target) == 0
    assert chain.dead_letters("anomaly-detector") == 0
