"""Looks for the traces of the chain: the event, the alert, the reboot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

#: Facts about the newest events lie at the ends of the trail's chains.
CHAINS = tuple(f"shard-{digit:x}" for digit in range(16))
NEWEST_FACTS = 50


@dataclass(frozen=True)
class Trace:
    """One thing that should appear, and what to look at when it does not."""

    name: str
    look: Callable[[], str | None]
    hint: str
    #: Why it will never appear, once that is certain.
    never: Callable[[], str | None] = lambda: None


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
                never=self._refusal,
            ),
        )

    def _refusal(self) -> str | None:
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
        rows = [row for chain in CHAINS for row in self._newest(chain, kind, incident["id"])]
        if not rows:
            return None
        newest = max(rows, key=lambda row: row["at"])
        return f"{newest['at']} {newest['subject']} {json.loads(newest['entry'])['fact']['details']}"

    def _newest(self, chain: str, kind: str, incident: str) -> list[dict[str, Any]]:
        return self._table("audit").query(
            KeyConditionExpression=Key("chain").eq(chain),
            FilterExpression=Attr("kind").eq(kind) & Attr("entry").contains(incident),
            ScanIndexForward=False,
            Limit=NEWEST_FACTS,
        )["Items"]

    def _table(self, name: str) -> Any:
        return self.dynamodb.Table(f"{self.prefix}-{name}")

    @property
    def _since(self) -> str:
        return self.since.strftime("%Y-%m-%dT%H:%M:%SZ")


def watch(traces: tuple[Trace, ...], say: Callable[[str], None], seconds: float, pause: float) -> bool:
    """Waits for the traces in their order, and says what came and what did not; whether all of them came."""
    deadline = time.monotonic() + seconds
    missing = list(traces)
    refusal = None
    while missing and not refusal and time.monotonic() < deadline:
        if found := missing[0].look():
            say(f"{missing.pop(0).name}: {found}")
        elif not (refusal := missing[0].never()):
            time.sleep(pause)
    for trace in missing:
        say(f"missing: {trace.name} ({refusal or trace.hint})")
    return not missing
