"""Finds tagged instances, their log groups and agent metrics, and writes them to the inventory."""

import json
import os
from collections.abc import Iterator

from common import Json, dynamodb, from_item, now, record, rfc3339, session, to_item

ec2 = session.client("ec2")
cloudwatch = session.client("cloudwatch")
logs = session.client("logs")

STANDARD = (("CPUUtilization", "above"), ("NetworkIn", "both"), ("NetworkOut", "both"))
LISTED = ("disk_used_percent", "mem_used_percent")


def handle(event: Json) -> dict[str, int]:
    table = os.environ["INVENTORY_TABLE"]
    found = tagged()
    scan = dynamodb.get_paginator("scan").paginate(TableName=table)
    known = {item["arn"]["S"]: from_item(item) for page in scan for item in page["Items"]}
    groups = {group for resource in found for group in existing_groups(resource["tags"])}
    listed = [metric for name in LISTED for metric in list_metrics(name)]
    onboarded = 0
    for resource in found:
        if resource["arn"] in known:
            continue
        described = describe(resource, groups, listed)
        details = {
            "type": resource["type"],
            "metrics": len(described["metrics"]),
            "log_groups": len(described["log_sources"]),
        }
        record("resource.onboarded", "onboarding", resource["arn"], described["onboarded_at"][:10], details)
        dynamodb.put_item(TableName=table, Item=to_item(described))
        onboarded += 1
    summary = {"found": len(found), "onboarded": onboarded, "updated": 0, "retired": 0}
    print(json.dumps({"level": "INFO", "message": "the inventory is up to date", **summary}))
    return summary


def tagged() -> list[Json]:
    region = os.environ["AWS_REGION"]
    states = ["pending", "running", "stopping", "stopped", "shutting-down"]
    filters = [
        {"Name": f"tag:{os.environ['NAME_PREFIX']}:monitor", "Values": ["true"]},
        {"Name": "instance-state-name", "Values": states},
    ]
    return [
        {
            "arn": f"arn:aws:ec2:{region}:{reservation['OwnerId']}:instance/{instance['InstanceId']}",
            "id": instance["InstanceId"],
            "type": "ec2:instance",
            "tags": {tag["Key"]: tag["Value"] for tag in instance["Tags"]},
            "state": instance["State"]["Name"],
            "launched_at": rfc3339(instance["LaunchTime"]),
        }
        for page in ec2.get_paginator("describe_instances").paginate(Filters=filters)
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def existing_groups(tags: dict[str, str]) -> Iterator[str]:
    for name in tags.get(f"{os.environ['NAME_PREFIX']}:log-groups", "").split():
        page = logs.describe_log_groups(logGroupNamePrefix=name)
        if any(group["logGroupName"] == name for group in page["logGroups"]):
            yield name


def list_metrics(name: str) -> Iterator[Json]:
    paginator = cloudwatch.get_paginator("list_metrics")
    for page in paginator.paginate(Namespace="CWAgent", MetricName=name, RecentlyActive="PT3H"):
        yield from page["Metrics"]


def describe(resource: Json, groups: set[str], listed: list[Json]) -> Json:
    at = rfc3339(now())
    own = {"InstanceId": resource["id"]}
    metrics = [metric("AWS/EC2", name, own, direction) for name, direction in STANDARD]
    for found in listed:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in found["Dimensions"]}
        if dimensions.get("InstanceId") == resource["id"]:
            metrics.append(metric(found["Namespace"], found["MetricName"], dimensions, "above"))
    sources = [{"group": group, "stream_prefix": None} for group in sorted(groups)]
    return {**resource, "metrics": metrics, "log_sources": sources, "missing": [], "onboarded_at": at, "updated_at": at}


def metric(namespace: str, name: str, dimensions: dict[str, str], direction: str) -> Json:
    described = {
        "namespace": namespace,
        "name": name,
        "dimensions": dimensions,
        "statistic": "Average",
        "period_seconds": 300,
    }
    return {**described, "direction": direction}
