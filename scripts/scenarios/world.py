"""One scenario file, brought to life around now: its lines, its points, its resource and the anomaly that the detector would tell."""

from __future__ import annotations

import json
import math
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.stack import ACCOUNT, REGION

#: Minutes of the anomaly's window, of what is read around it, and of the hour before, as docs/root-cause.md tells them.
WINDOW = 5
INCIDENT = (-15, 7)
BASELINE = (-75, -15)
#: CloudTrail cannot be given a past: what rests on a change of an hour ago is shown by the pure suite alone.
NEEDS_A_PAST = frozenset({"bad_release", "security_group_rule"})
USERS = ("maria", "deploy", "oracle", "test", "jonas", "admin")


@dataclass(frozen=True)
class Scenario:
    """A file, and the instance it happens to."""

    name: str
    content: dict[str, Any]
    #: Start of the anomaly's window.
    start: datetime
    instance: str
    dice: random.Random = field(repr=False)

    @classmethod
    def read(cls, path: Path, now: datetime) -> Scenario:
        content = json.loads(path.read_text())
        start = datetime.fromtimestamp(now.timestamp() // 300 * 300, UTC) - timedelta(minutes=2 * WINDOW)
        # Two files may have the same seed, and must not have the same instance.
        instance = f"i-{random.Random(path.stem).getrandbits(68):017x}"
        return cls(path.stem, content, start, instance, random.Random(content["seed"]))

    @property
    def truth(self) -> str:
        return str(self.content["truth"])

    @property
    def log_group(self) -> str | None:
        """None where the story has no logs at all."""
        known = not any(gap["reason"].startswith("no log group") for gap in self.content["unreadable"])
        return f"/scenarios/{self.name}" if known else None

    @property
    def is_denied(self) -> bool:
        return any("AccessDenied" in gap["reason"] for gap in self.content["unreadable"])

    @property
    def arn(self) -> str:
        return f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{self.instance}"

    def siblings(self) -> list[tuple[str, bool]]:
        """Ids of the group's other members, and whether each moved too."""
        told = self.content.get("siblings") or {"count": 0, "moved": 0}
        return [(f"i-{n:03x}{self.instance[5:]}", n < told["moved"]) for n in range(told["count"])]

    def resources(self, updated_at: datetime) -> list[dict[str, Any]]:
        """The inventory's items: the instance first."""
        instances = [(self.instance, self.log_group), *((sibling, None) for sibling, _ in self.siblings())]
        return [self._resource(instance, group, updated_at) for instance, group in instances]

    def _resource(self, instance: str, group: str | None, updated_at: datetime) -> dict[str, Any]:
        metrics = [self._metric(series, instance) | {"direction": "both"} for series in self.content["metrics"]]
        return {
            "arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{instance}",
            "id": instance,
            "type": "ec2:instance",
            "region": REGION,
            "account": ACCOUNT,
            "name": self.name,
            "tags": {"Name": self.name, "Service": f"service-of-{self.name}"},
            "state": "running",
            "launched_at": None,
            "log_sources": [{"group": group, "stream_prefix": None}] if group else [],
            "metrics": metrics,
            "missing": [],
            "neighbours": {},
            "onboarded_at": rfc3339(updated_at),
            "updated_at": rfc3339(updated_at),
        }

    def _metric(self, series: dict[str, Any], instance: str) -> dict[str, Any]:
        return {
            "namespace": series["namespace"],
            "name": series["metric"],
            "dimensions": {"InstanceId": instance},
            "statistic": "Average",
            "period_seconds": 300,
        }

    def anomaly(self) -> dict[str, Any]:
        """The envelope that the anomaly-detector would publish."""
        told = self.content["anomaly"]
        anomaly_id = f"anm_{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.instance}{self.start}').hex[:20]}"
        typical, end = float(told["typical"]), self.start + timedelta(minutes=WINDOW)
        body = {
            "id": anomaly_id,
            "resource": {
                "arn": self.arn,
                "id": self.instance,
                "type": "ec2:instance",
                "region": REGION,
                "account": ACCOUNT,
                "name": self.name,
            },
            "metric": self._metric(told, self.instance),
            "window_start": rfc3339(self.start),
            "window_end": rfc3339(end),
            "observed": float(told["observed"]),
            "expected": {"low": typical * 0.7, "typical": typical, "high": typical * 1.3},
            "score": 0.985,
            "severity": "high",
            "reasons": ["as the scenario tells it"],
            "detector": "scenario",
        }
        now = rfc3339(end)
        return {
            "schema": "nightjar.anomaly/1",
            "id": anomaly_id,
            "caused_by": None,
            "trace": anomaly_id,
            "occurred_at": now,
            "body": body,
        }

    def points(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Namespace and datum of every metric: six hours before the anomaly and its window."""
        moved = {self.instance: True, **dict(self.siblings())}
        for instance, moves in moved.items():
            for series in self.content["metrics"]:
                for at, value in self._values(series, moves):
                    yield series["namespace"], {
                        "MetricName": series["metric"],
                        "Dimensions": [{"Name": "InstanceId", "Value": instance}],
                        "Timestamp": at,
                        "Value": value,
                    }

    def _values(self, series: dict[str, Any], moves: bool) -> Iterator[tuple[datetime, float]]:
        usual, during = series["usual"], series.get("during")
        ramp = timedelta(minutes=series.get("minutes_before", 0))
        for n in range(73):
            at = self.start - timedelta(hours=6) + n * timedelta(minutes=5)
            day = at.timestamp() % 86_400 / 86_400
            value = usual["level"] + usual["daily_swing"] * math.sin(math.tau * (day - 0.4))
            value += usual["noise"] * (self.dice.random() - 0.5) * 2
            if moves and during is not None and at >= self.start - ramp:
                way = min((at - self.start + ramp) / ramp, 1.0) if ramp else 1.0
                value += (during - value) * way
            yield at, value

    def lines(self) -> list[tuple[datetime, str]]:
        """Every line, oldest first."""
        lines: list[tuple[datetime, str]] = []
        for begin, end in (BASELINE, INCIDENT):
            for chatter in self.content["background"]:
                lines += self._say(chatter, begin, end)
        for chatter in self.content["fault"]:
            lines += self._say(chatter, max(INCIDENT[0], chatter.get("from_minute", 0)), INCIDENT[1])
        return sorted(lines)

    def _say(self, chatter: dict[str, Any], begin: int, end: int) -> Iterator[tuple[datetime, str]]:
        count = round(max(end - begin, 0) * chatter["per_minute"])
        for n in range(count):
            at = self.start + timedelta(minutes=begin, seconds=self.dice.uniform(0, (end - begin) * 60))
            yield at, self._fill(chatter["lines"][n % len(chatter["lines"])], at)

    def _fill(self, template: str, at: datetime) -> str:
        dice = self.dice
        places = {
            "ts": lambda: rfc3339(at),
            "n": lambda: str(dice.randint(1000, 60_999)),
            "d": lambda: str(dice.randint(0, 9)),
            "ms": lambda: str(dice.randint(3, 182)),
            "hex": lambda: f"{dice.getrandbits(32):08x}",
            "ip": lambda: f"198.51.100.{dice.randint(0, 249)}",
            "user": lambda: dice.choice(USERS),
            "uuid": lambda: str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        }
        text = template
        for name, value in places.items():
            while f"{{{name}}}" in text:
                text = text.replace(f"{{{name}}}", value(), 1)
        return text


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
