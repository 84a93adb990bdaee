"""Ways to make an instance suffer. Each is bounded in time by the instance itself, so that nothing outlives a lost connection."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

from local.deployment import PREFIX
from local.stack import Stack

#: What basic monitoring publishes, and how far behind it is.
PERIOD = timedelta(minutes=5)


class LoadError(Exception):
    """The instance cannot be loaded this way; the message says what would help."""


class Load(Protocol):
    """Something that starts the load and comes back."""

    def begins(self) -> datetime:
        """When the load is felt, so that the errors in the logs can agree with it."""
        ...

    def start(self, minutes: int) -> str:
        """Returns what was done, in words."""
        ...


def busy_loops(minutes: int) -> str:
    """A shell command that keeps every processor busy, with nothing but a shell and coreutils."""
    return f"for i in $(seq $(nproc)); do timeout {minutes * 60} sh -c 'while :; do :; done' & done; wait"


@dataclass(frozen=True)
class SsmLoad:
    """Through Systems Manager: no key and no open port."""

    ssm: Any
    instance_id: str

    def begins(self) -> datetime:
        return _now()

    def start(self, minutes: int) -> str:
        try:
            command = self.ssm.send_command(
                InstanceIds=[self.instance_id],
                DocumentName="AWS-RunShellScript",
                Comment="Nightjar stress test",
                Parameters={"commands": [busy_loops(minutes)], "executionTimeout": [str(minutes * 60 + 60)]},
            )["Command"]
        except self.ssm.exceptions.InvalidInstanceId as error:
            raise LoadError(
                f"Systems Manager does not know {self.instance_id}: its agent is not running, or the instance has no profile"
                " with AmazonSSMManagedInstanceCore. Use --key-file to go through SSH instead."
            ) from error
        return f"Run Command {command['CommandId']} keeps every processor busy for {minutes} minutes"


@dataclass(frozen=True)
class SshLoad:
    """Through SSH, where there is no agent."""

    address: str
    key_file: Path
    user: str = "ec2-user"

    def begins(self) -> datetime:
        return _now()

    def start(self, minutes: int) -> str:
        remote = f"nohup sh -c \"{busy_loops(minutes).replace('$', chr(92) + '$')}\" >/dev/null 2>&1 &"
        options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-i", str(self.key_file)]
        done = subprocess.run(["ssh", *options, f"{self.user}@{self.address}", remote], check=False)
        if done.returncode != 0:
            raise LoadError(f"ssh to {self.user}@{self.address} failed; is port 22 open and the key right?")
        return f"a shell on {self.address} keeps every processor busy for {minutes} minutes"


@dataclass(frozen=True)
class LocalLoad:
    """On the local AWS nothing computes: the datapoints are written instead, into the periods that have passed since the last."""

    stack: Stack
    instance_id: str
    say: Callable[[str], None]

    def begins(self) -> datetime:
        return self._newest() + PERIOD

    def start(self, minutes: int) -> str:
        dimensions = [{"Name": "InstanceId", "Value": self.instance_id}]
        first = self.begins()
        # The detector leaves the newest complete period alone.
        if (due := first + 2 * PERIOD) > _now():
            self.say(f"the next datapoint is due at {due:%H:%M:%S} UTC; waiting for it")
            time.sleep((due - _now()).total_seconds())
        last = min(first + timedelta(minutes=minutes), _now() - 2 * PERIOD)
        times = [first + n * PERIOD for n in range((last - first) // PERIOD + 1)]
        data = [
            {"MetricName": "CPUUtilization", "Dimensions": dimensions, "Timestamp": at, "Value": 98.0, "Unit": "Percent"}
            for at in times
        ]
        self.stack.client("cloudwatch").put_metric_data(Namespace="AWS/EC2", MetricData=data)
        self.stack.fire(f"{PREFIX}-anomaly-detector-schedule")
        return f"{len(data)} datapoints of 98 % CPU are written, the detector's schedule is fired"

    def _newest(self) -> datetime:
        points = self.stack.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{
                "Id": "cpu",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/EC2",
                        "MetricName": "CPUUtilization",
                        "Dimensions": [{"Name": "InstanceId", "Value": self.instance_id}],
                    },
                    "Period": int(PERIOD.total_seconds()),
                    "Stat": "Average",
                },
            }],
            StartTime=_now() - timedelta(days=14),
            EndTime=_now(),
        )["MetricDataResults"][0]["Timestamps"]  # fmt: skip
        if not points:
            raise LoadError(f"{self.instance_id} has no history on the local AWS; use an instance that `make demo` launched")
        return max(points)


def _now() -> datetime:
    return datetime.now(timezone.utc)
