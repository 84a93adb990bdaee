"""Loads an instance, writes errors into its log group, and watches until the event, the alert and the reboot appear."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3

from local import stack as local_stack
from local.deployment import PREFIX
from stress.load import Load, LoadError, LocalLoad, SshLoad, SsmLoad
from stress.watch import Watch, watch

ERRORS = (
    "ERROR java.lang.OutOfMemoryError: Java heap space (stress test)",
    "ERROR request timed out after 30000ms: all workers are busy (stress test)",
)
ERROR_LINES = 60
#: How long the chain may take after the load: datapoints arrive minutes late, the detector runs every five.
CHAIN_MINUTES = 20


def main() -> int:
    options = parse()
    running = local_stack.find(options.home) if options.local else None
    if options.local and running is None:
        say("no local AWS is running; `make demo` starts one")
        return 1
    aws = running or boto3.Session(region_name=options.region)
    instance = describe(aws.client("ec2"), options.instance_id)
    load: Load
    if running:
        load = LocalLoad(running, options.instance_id, say)
    elif options.key_file:
        load = SshLoad(instance.get("PublicIpAddress") or instance["PrivateIpAddress"], options.key_file)
    else:
        load = SsmLoad(aws.client("ssm"), options.instance_id)
    since = datetime.now(timezone.utc)
    groups = log_groups(instance, options.prefix)
    write_errors(aws.client("logs"), groups, load.begins())
    say(f"{ERROR_LINES} error lines are in {', '.join(groups)}" if groups else "the instance names no log group: no errors written")
    say(load.start(options.minutes))
    seen = Watch(aws.resource("dynamodb"), options.prefix, options.instance_id, since)
    patience = 60 if running else (options.minutes + CHAIN_MINUTES) * 60
    return 0 if watch(seen.traces(), say, patience, pause=0.5 if running else 15) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stress-test.sh", description=__doc__)
    parser.add_argument("--instance-id", required=True)
    parser.add_argument("--region", help="where the instance is (default: that of the AWS profile)")
    parser.add_argument("--minutes", type=int, default=10, help="how long the load lasts (default: 10)")
    parser.add_argument("--prefix", default=PREFIX, help=f"name_prefix of the deployment (default: {PREFIX})")
    parser.add_argument("--key-file", type=Path, help="go through SSH with this key, where there is no SSM agent")
    parser.add_argument("--local", action="store_true", help="on the local AWS that `make demo` left running")
    parser.add_argument("--home", type=Path, default=local_stack.ROOT / ".local", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.minutes < 1:
        parser.error("--minutes must be at least 1")
    return options


def describe(ec2: Any, instance_id: str) -> dict[str, Any]:
    try:
        return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    except (ec2.exceptions.ClientError, IndexError) as error:
        raise LoadError(f"there is no instance {instance_id} here: {error}") from error


def log_groups(instance: dict[str, Any], prefix: str) -> list[str]:
    """The groups that the instance's tag names; `group:stream-prefix` where a group is shared."""
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return [entry.split(":")[0] for entry in tags.get(f"{prefix}:log-groups", "").split()]


def write_errors(logs: Any, groups: list[str], at: datetime) -> None:
    stamp = int(at.timestamp() * 1000)
    events = [{"timestamp": stamp + n, "message": ERRORS[n % len(ERRORS)]} for n in range(ERROR_LINES)]
    for group in groups:
        stream = f"stress-test/{stamp}"
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def say(text: str) -> None:
    print(f"{datetime.now(timezone.utc):%H:%M:%S}  {text}", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LoadError as error:
        sys.exit(str(error))
