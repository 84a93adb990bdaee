"""Looks for the traces of the chain: the event, the alert, the reboot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

#: Facts about the newest events lie at the end of the trail.
NEWEST_FACTS = 200


@dataclass(frozen=True)
class Trace:
    """One thing that should appear, and what to look at when it does not."""

    name: str
    look: Callable[[], str | None]
    hint: str


@dataclass(frozen=True)
class Watch:
    """Reads the suite's tables for one instance, from one moment on."""

    dynamodb: Any
    prefix: str
    instance_id: str
    since: datetime

    def traces(self) -> tuple[Trace, ...]:
        return (
            Trace(
                "event",
                lambda: (incident := self._incident()) and f"{incident['id']}: {incident['title']}",
                f"did the detector see the load? Its log group is /aws/lambda/{self.prefix}-anomaly-detector; the instance needs"
                f" the tag {self.prefix}:monitor=true and two weeks of datapoints, and is judged once in its cool-down",
            ),
            Trace(
                "alert",
                lambda: self._fact("alert.published"),
                f"the incident was not critical: look at its escalation, and at /aws/lambda/{self.prefix}-log-analyzer-rca",
            ),
            Trace(
                "reboot",
                lambda: self._fact("remediation.finished"),
                f"remediation_mode must be auto and the instance tagged {self.prefix}:remediate=reboot, outside its cooldown",
            ),
        )

    def refusal(self) -> str | None:
        """Why the engine declined, if it did."""
        return self._fact("remediation.declined")

    def _incident(self) -> dict[str, Any] | None:
        key = Key("resource_id").eq(self.instance_id) & Key("opened_at").gte(self._since)
        rows = self._table("incidents").query(IndexName="by_resource", KeyConditionExpression=key)["Items"]
        return rows[-1] if rows else None

    def _fact(self, kind: str) -> str | None:
        incident = self._incident()
        if incident is None:
            return None
        rows = self._table("audit").query(
            KeyConditionExpression=Key("chain").eq("main"),
            FilterExpression=Attr("kind").eq(kind) & Attr("entry").contains(incident["id"]),
            ScanIndexForward=False,
            Limit=NEWEST_FACTS,
        )["Items"]
        return f"{rows[0]['at']} {rows[0]['kind']}: {rows[0]['subject']}" if rows else None

    def _table(self, name: str) -> Any:
        return self.dynamodb.Table(f"{self.prefix}-{name}")

    @property
    def _since(self) -> str:
        return self.since.strftime("%Y-%m-%dT%H:%M:%SZ")


def watch(traces: tuple[Trace, ...], say: Callable[[str], None], seconds: float, pause: float) -> list[Trace]:
    """Waits for the traces in their order; returns those that did not appear in time."""
    deadline = time.monotonic() + seconds
    missing = list(traces)
    while missing and time.monotonic() < deadline:
        if found := missing[0].look():
            say(f"{missing.pop(0).name}: {found}")
        else:
            time.sleep(pause)
    return missing
