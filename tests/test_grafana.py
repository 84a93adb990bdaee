"""The Grafana dashboard is one that imports: as Grafana's JSON model has it, with nothing of a particular installation."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from local.stack import ROOT

DASHBOARD: dict[str, Any] = json.loads((ROOT / "infrastructure/grafana/nightjar.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel.get("targets", [])]
VARIABLES = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
COLUMNS = 24


def test_the_model_has_what_an_import_asks_for() -> None:
    assert DASHBOARD["id"] is None, "an import gives it an id"
    assert DASHBOARD["title"] and re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", DASHBOARD["uid"])
    assert DASHBOARD["schemaVersion"] >= 36
    assert {"panels", "templating", "time", "annotations"} <= DASHBOARD.keys()
    required = {entry["id"] for entry in DASHBOARD["__requires"] if entry["type"] == "panel"}
    assert required == {panel["type"] for panel in PANELS} - {"row"}


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= COLUMNS and place["h"] > 0, panel["title"]
    for one, other in combinations(PANELS, 2):
        a, b = one["gridPos"], other["gridPos"]
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"] or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart, f"{one['title']} lies on {other['title']}"


@pytest.mark.parametrize(("title", "target"), TARGETS, ids=[f"{title} {target['refId']}" for title, target in TARGETS])
def test_every_query_is_one_of_cloudwatch(title: str, target: dict[str, Any]) -> None:
    assert target["datasource"] == {"type": "cloudwatch", "uid": "${datasource}"}
    assert (target["queryMode"], target["region"]) == ("Metrics", "$region")
    if target["expression"]:
        assert target["metricEditorMode"] == 1 and target["expression"].startswith("SEARCH('{AWS/") or "CWAgent" in target["expression"]
    else:
        assert target["namespace"].startswith("AWS/") and target["metricName"] and target["dimensions"]
    assert re.fullmatch(r"Average|Sum|Maximum|Minimum|p\d+", target["statistic"])
    siblings = [other["refId"] for panel, other in TARGETS if panel == title]
    assert len(set(siblings)) == len(siblings)


def test_every_variable_that_is_used_is_declared_and_the_other_way_round() -> None:
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS))) - {"__field"}
    assert used == VARIABLES


def test_nothing_of_an_account_is_in_it() -> None:
    text = json.dumps(DASHBOARD)
    assert not re.search(r"\b\d{12}\b", text) and "arn:aws" not in text
