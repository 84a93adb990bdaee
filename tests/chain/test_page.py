"""The page as it is deployed, in a real browser: somebody signs in, sees an incident come, looks, and signs out."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conftest import Chain, until
from demo.fleet import BYSTANDER, TARGET
from local.deployment import PREFIX
from local.stack import ROOT
from policies import policies

DASHBOARD = ROOT / "dashboard"
#: An incident that is stored is to be seen within so many seconds.
SEEN_WITHIN = 2.0


class Visitor:
    """A person at a browser; each step waits until the page shows what it should."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._turn = threading.Lock()

    def does(self, step: str, argument: str = "") -> dict[str, Any]:
        with self._turn:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.write(f"{step} {argument}".strip() + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        assert line, f"the browser ended before {step}"
        answer: dict[str, Any] = json.loads(line)
        assert answer["ok"], f"{step}: {answer}"
        return answer


@contextmanager
def visitor(chain: Chain, pictures: Path) -> Iterator[Visitor]:
    deployed = chain.deployment
    command = ["node", "tests/visitor.mjs", deployed.page, deployed.admin.name, deployed.admin.password, str(pictures)]
    with subprocess.Popen(command, cwd=DASHBOARD, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Visitor(process)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(timeout=30)


def test_somebody_sees_it_come_looks_and_leaves(chain: Chain, tmp_path: Path) -> None:
    fleet = chain.launch(BYSTANDER)
    instance = fleet.get(BYSTANDER)
    with visitor(chain, tmp_path) as person, ThreadPoolExecutor(1) as background:
        person.does("sign_in")

        seen = background.submit(person.does, "see", instance.id)
        fleet.get_into_trouble()
        chain.deployment.stack.fire(f"{PREFIX}-anomaly-detector-schedule")
        until(lambda: chain.incidents(instance), "the incident to be stored", seconds=60)
        stored_at = time.time()
        assert seen.result(timeout=130)["at"] - stored_at < SEEN_WITHIN
        chain.settle()

        person.does("acknowledge", instance.id)
        person.does("reload", f"{instance.id} Acknowledged")
        person.does("suppress", instance.id)
        person.does("reload", f"{instance.id} Suppressed")
        (incident,) = chain.incidents(instance)
        assert [change["to"] for change in incident["timeline"] if "evidence" not in change] == ["OPEN", "ACKNOWLEDGED", "SUPPRESSED"]
        assert incident["timeline"][-1]["by"].startswith(chain.deployment.admin.name)

        told = person.does("read", instance.id)
        assert told["causes"][0] == "Memory exhaustion"
        assert told["charts"] >= 1
        person.does("picture", "incident")

        assert person.does("audit")["verdict"][0].startswith("Whole")
        for page in ("", "resources", "security", "silences", "products", "thresholds", "settings"):
            shown = person.does("visit", page)
            assert shown["violations"] == [], page
        person.does("sign_out")
        assert person.does("errors")["errors"] == []


def test_somebody_agrees_to_a_reboot_and_tries_a_threshold(chain: Chain, tmp_path: Path) -> None:
    fleet = chain.launch(TARGET)
    instance = fleet.get(TARGET)
    with policies(chain, "approve"), visitor(chain, tmp_path) as person:
        person.does("sign_in")
        fleet.get_into_trouble()
        chain.run("anomaly-detector")
        person.does("see", instance.id)
        assert chain.reboots(instance) == 0
        person.does("approve", instance.id)
        chain.run("remediation-engine")
        assert chain.reboots(instance) == 1
        (approved,) = chain.facts("remediation.approved", instance)
        assert approved["details"]["why"] == "seen the graphs"
        assert approved["actor"].startswith(chain.deployment.admin.name)

        assert "fired" in person.does("threshold", "97")["preview"]
        published = [fact for fact in chain.records.facts() if fact["subject"] == "config/threshold_overrides"]
        assert [fact["kind"] for fact in published[-2:]] == ["config.published", "config.rolled_back"]
        person.does("sign_out")
        assert person.does("errors")["errors"] == []


@pytest.mark.parametrize("path", ["", "config.json", "favicon.svg"])
def test_whoever_asks_is_given_the_page_and_nothing_else(chain: Chain, path: str) -> None:
    deployed = chain.deployment
    request = urllib.request.Request(f"{deployed.api}/{path}", headers={"Host": deployed.api_host})
    with urllib.request.urlopen(request, timeout=10) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(urllib.request.Request(f"{deployed.api}/events", headers={"Host": deployed.api_host}), timeout=10)
    assert refusal.value.code == 401
