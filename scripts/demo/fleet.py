"""A small fleet: instances with two weeks of ordinary life, and the trouble that comes over some of them."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

from local.deployment import PREFIX
from local.stack import Stack

#: EC2's basic monitoring publishes a point every five minutes.
PERIOD = timedelta(minutes=5)
DAYS = 14
SPIKE_POINTS = 3
#: The newest period is left out: on AWS its point has not arrived yet.
LAG_PERIODS = 2
IMAGE = "ami-0123456789abcdef0"

NORMAL_LINES = (
    "INFO  GET /api/orders 200 {ms}ms",
    "INFO  GET /api/orders/{n} 200 {ms}ms",
    "INFO  POST /api/checkout 201 {ms}ms",
    "INFO  cache hit ratio 0.9{d} over the last minute",
    "INFO  job reindex finished in {ms}ms",
)
TROUBLE_LINES = (
    "ERROR java.lang.OutOfMemoryError: Java heap space while handling request {n}",
    "ERROR upstream payments timed out after 30000ms for order {n}",
    "WARN  GC overhead: pause of {ms}0ms",
)


@dataclass(frozen=True)
class Role:
    """What an instance is there to show."""

    name: str
    watched: bool
    may_be_rebooted: bool
    gets_into_trouble: bool


TARGET = Role("target", watched=True, may_be_rebooted=True, gets_into_trouble=True)
BYSTANDER = Role("bystander", watched=True, may_be_rebooted=False, gets_into_trouble=True)
CONTROL = Role("control", watched=True, may_be_rebooted=True, gets_into_trouble=False)


@dataclass(frozen=True)
class Instance:
    """One simulated instance."""

    role: Role
    id: str

    @property
    def log_group(self) -> str:
        return f"/{PREFIX}/demo/{self.role.name}"


@dataclass(frozen=True)
class Fleet:
    """The instances and the time that is told about them."""

    stack: Stack
    instances: tuple[Instance, ...]
    #: Start of the first period of the trouble.
    trouble_at: datetime

    def get(self, role: Role) -> Instance:
        return next(i for i in self.instances if i.role == role)

    def live_two_weeks(self) -> int:
        """Gives every instance its history; returns how many datapoints that was."""
        start = self.trouble_at - timedelta(days=DAYS)
        times = [start + n * PERIOD for n in range(DAYS * 24 * 12)]
        return sum(_put(self.stack, list(_ordinary_points(instance, times))) for instance in self.instances)

    def log_as_usual(self) -> int:
        """An hour of ordinary log lines for every instance; returns how many."""
        start = self.trouble_at - timedelta(minutes=45)
        times = [start + timedelta(seconds=20 * n) for n in range(3 * 60)]
        return sum(_log(self.stack, instance, times, NORMAL_LINES) for instance in self.instances)

    def get_into_trouble(self, points: int = SPIKE_POINTS) -> None:
        """The processor of the troubled instances runs hot and their applications fail; the others go on as usual."""
        times = [self.trouble_at + n * PERIOD for n in range(points)]
        errors = [self.trouble_at + timedelta(seconds=4 * n) for n in range(int(points * PERIOD.total_seconds()) // 4)]
        for instance in self.instances:
            data = list(_ordinary_points(instance, times))
            if instance.role.gets_into_trouble:
                data = [{**d, "Value": 97.0 + d["Value"] % 2} if d["MetricName"] == "CPUUtilization" else d for d in data]
                _log(self.stack, instance, errors, TROUBLE_LINES)
            _put(self.stack, data)


def launch(stack: Stack, roles: tuple[Role, ...] = (TARGET, BYSTANDER, CONTROL), ago: timedelta = timedelta()) -> Fleet:
    """Runs one instance per role, with its tags and its log group; its time ends `ago`."""
    now = datetime.now(timezone.utc) - ago
    newest = datetime.fromtimestamp(now.timestamp() // 300 * 300, timezone.utc) - LAG_PERIODS * PERIOD
    instances = []
    for role in roles:
        instance = Instance(role, _run(stack, role))
        stack.client("logs").create_log_group(logGroupName=instance.log_group)
        instances.append(instance)
    return Fleet(stack, tuple(instances), newest - (SPIKE_POINTS - 1) * PERIOD)


def _run(stack: Stack, role: Role) -> str:
    tags = {"Name": f"demo-{role.name}", f"{PREFIX}:log-groups": f"/{PREFIX}/demo/{role.name}"}
    if role.watched:
        tags[f"{PREFIX}:monitor"] = "true"
    if role.may_be_rebooted:
        tags[f"{PREFIX}:remediate"] = "reboot"
    specification = {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
    answer = stack.client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, TagSpecifications=[specification]
    )
    return answer["Instances"][0]["InstanceId"]


def _ordinary_points(instance: Instance, times: list[datetime]) -> Iterator[dict[str, Any]]:
    """A day that swells towards the afternoon, quieter weekends, and noise; the same on every run for the same times."""
    noise = random.Random(zlib.crc32(instance.role.name.encode()))
    dimensions = [{"Name": "InstanceId", "Value": instance.id}]
    for at in times:
        hours = at.hour + at.minute / 60
        activity = (1 + math.sin((hours - 9) / 24 * 2 * math.pi)) / 2 * (0.7 if at.weekday() >= 5 else 1.0)
        values = {
            "CPUUtilization": ("Percent", 14 + 26 * activity + noise.gauss(0, 1.6)),
            "NetworkIn": ("Bytes", 4e6 + 2.2e7 * activity + noise.gauss(0, 9e5)),
            "NetworkOut": ("Bytes", 3e6 + 1.4e7 * activity + noise.gauss(0, 6e5)),
        }
        for name, (unit, value) in values.items():
            yield {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": max(value, 0.1), "Unit": unit}


def _put(stack: Stack, data: list[dict[str, Any]]) -> int:
    client = stack.client("cloudwatch")
    rows = iter(data)
    while batch := list(islice(rows, 1000)):
        client.put_metric_data(Namespace="AWS/EC2", MetricData=batch)
    return len(data)


def _log(stack: Stack, instance: Instance, times: list[datetime], lines: tuple[str, ...]) -> int:
    pick = random.Random(zlib.crc32(instance.role.name.encode()))
    stream = f"app/{len(lines)}"
    client = stack.client("logs")
    client.create_log_stream(logGroupName=instance.log_group, logStreamName=stream)
    events = [
        {
            "timestamp": int(at.timestamp() * 1000),
            "message": pick.choice(lines).format(ms=pick.randint(8, 90), n=pick.randint(1000, 9999), d=pick.randint(0, 9)),
        }
        for at in times
    ]
    client.put_log_events(logGroupName=instance.log_group, logStreamName=stream, logEvents=events)
    return len(events)
