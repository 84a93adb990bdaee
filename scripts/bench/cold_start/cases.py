"""The functions: the event each is measured with, what it must answer, and how large its package may be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from . import examples
from .answers import INCIDENTS_LISTED
from .tables import to_attributes

MB = 1_000_000
LIMIT = 3 * MB
LIMIT_WITH_EC2 = 5 * MB


@dataclass(frozen=True)
class Case:
    """`wanted` is what the answer must contain. The peer answers the same."""

    name: str
    event: Callable[[], dict[str, Any]]
    wanted: dict[str, Any]
    limit_bytes: int = LIMIT
    inventory_is_empty: bool = False
    reads_series: bool = False

    def problem(self, answer: bytes) -> str | None:
        """Why the answer does not count, if it does not."""
        given = json.loads(answer)
        if "statusCode" in given:
            given = {"statusCode": given["statusCode"], "events": len(json.loads(given["body"]).get("events", []))}
        wrong = {name: given.get(name) for name, value in self.wanted.items() if given.get(name) != value}
        return f"answered {wrong}, not {self.wanted}" if wrong else None


def _list_request() -> dict[str, Any]:
    since = examples.rfc3339(datetime.now(UTC) - timedelta(hours=1))
    return examples.http_event("/events", {"since": since, "limit": "20"})


#: What asks nothing of AWS: the API beside a function on lambda_http that does nothing else.
HEALTH = Case("api", lambda: examples.http_event("/health", {}), {"statusCode": 200})

CASES = (
    Case(
        "onboarding",
        examples.schedule_event,
        {"found": 1, "onboarded": 1},
        limit_bytes=LIMIT_WITH_EC2,
        inventory_is_empty=True,
    ),
    Case("anomaly-detector", examples.schedule_event, {"series": 1, "datapoints": 1}, reads_series=True),
    Case(
        "log-analyzer-rca", lambda: examples.sns_event("anomaly", examples.anomaly()), {"incidents": 1, "published": 1}
    ),
    Case("alert-handler", lambda: examples.sns_event("incident", examples.incident()), {"sent": 1}),
    Case(
        "remediation-engine",
        lambda: examples.sns_event("incident", examples.incident()),
        {"carried_out": 1},
        limit_bytes=LIMIT_WITH_EC2,
    ),
    Case("api", _list_request, {"statusCode": 200, "events": INCIDENTS_LISTED}),
    Case("security-monitor", examples.trail_event, {"events": 1, "published": 1}),
    # A run with nobody to train for: what a training takes is no matter of its start.
    Case("model-trainer", examples.schedule_event, {"promoted": 0, "rejected": 0}, inventory_is_empty=True),
    # Nobody's page is open.
    Case("realtime", lambda: examples.stream_event(to_attributes(examples.incident())), {"events": 1, "delivered": 0}),
    Case("audit-anchor", examples.schedule_event, {"anchored": True, "chains": 1, "entries": 1}),
)
