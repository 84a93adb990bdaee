"""Fetches what is new, scores it with a pickled IsolationForest, publishes what is abnormal, saves the state."""

import json
import math
import os
import pickle
from datetime import UTC, datetime, timedelta

import numpy
from common import Json, derive, dynamodb, from_item, now, publish, record, rfc3339, session

cloudwatch = session.client("cloudwatch")
sns = session.client("sns")
with open(os.environ["FOREST"], "rb") as file:
    forest = pickle.load(file)

Point = tuple[datetime, float]
THRESHOLD = 0.75
PERIOD = 300


def handle(event: Json) -> dict[str, int]:
    inventory, table = os.environ["INVENTORY_TABLE"], os.environ["SERIES_TABLE"]
    scan = dynamodb.get_paginator("scan").paginate(TableName=inventory)
    resources = [from_item(item) for page in scan for item in page["Items"]]
    series = {series_of(metric): (resource, metric) for resource in resources for metric in resource["metrics"]}
    pointers = dynamodb.get_paginator("query").paginate(
        TableName=os.environ["MODELS_TABLE"],
        KeyConditionExpression="kind = :kind",
        ExpressionAttributeValues={":kind": {"S": "pointer"}},
    )
    if any(page["Items"] for page in pointers):
        raise ValueError("this function knows no model but its own")
    keys = [{"series": {"S": name}} for name in series]
    stored = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})["Responses"][table]
    before = {item["series"]["S"]: item for item in stored}
    points = fetch([metric for _, metric in series.values()])
    summary = {"series": len(series), "datapoints": 0, "anomalies": 0}
    for name, fetched in zip(series, points, strict=True):
        for at, value in fetched:
            score = float(-forest.score_samples(numpy.array([features(at, value)]))[0])
            summary["datapoints"] += 1
            if score > THRESHOLD:
                summary["anomalies"] += 1
                announce(*series[name], at, value, score)
        save(table, name, before[name])
    print(json.dumps({"level": "INFO", "message": "run finished", **summary}))
    return summary


def series_of(metric: Json) -> str:
    dimensions = ",".join(f"{name}={value}" for name, value in sorted(metric["dimensions"].items()))
    return f"{metric['namespace']}|{metric['name']}|{dimensions}|{metric['statistic']}|{metric['period_seconds']}"


def fetch(metrics: list[Json]) -> list[list[Point]]:
    until = datetime.fromtimestamp((now().timestamp() - PERIOD) // PERIOD * PERIOD, UTC)
    queries = [
        {
            "Id": f"s{index}",
            "MetricStat": {
                "Metric": {
                    "Namespace": metric["namespace"],
                    "MetricName": metric["name"],
                    "Dimensions": [{"Name": name, "Value": value} for name, value in metric["dimensions"].items()],
                },
                "Period": metric["period_seconds"],
                "Stat": metric["statistic"],
            },
            "ReturnData": True,
        }
        for index, metric in enumerate(metrics)
    ]
    found: list[list[Point]] = [[] for _ in metrics]
    start = until - timedelta(seconds=2 * PERIOD)
    paginator = cloudwatch.get_paginator("get_metric_data")
    for page in paginator.paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=until, ScanBy="TimestampAscending"
    ):
        for result in page["MetricDataResults"]:
            found[int(result["Id"][1:])] += zip(result["Timestamps"], result["Values"], strict=True)
    return found


def features(at: datetime, value: float) -> list[float]:
    angle = at.timestamp() / 86_400 * math.tau
    return [value, math.sin(angle), math.cos(angle)]


def announce(resource: Json, metric: Json, at: datetime, value: float, score: float) -> None:
    window_end = rfc3339(at + timedelta(seconds=PERIOD))
    anomaly_id = derive("anm", series_of(metric), window_end, "forest")
    body = {"id": anomaly_id, "severity": "high", "resource": resource["arn"], "observed": value, "score": score}
    cause = {"id": anomaly_id, "trace": anomaly_id}
    publish(sns, os.environ["ANOMALIES_TOPIC_ARN"], cause, "anomaly", body, "anomaly", json.dumps(body))
    record("anomaly.detected", "anomaly-detector", anomaly_id, None, body)


def save(table: str, name: str, before: Json) -> None:
    version = int(before["version"]["N"])
    at = now()
    expires = int((at + timedelta(days=45)).timestamp())
    dynamodb.put_item(
        TableName=table,
        Item={
            "series": {"S": name},
            "state": {"B": before["state"]["B"]},
            "version": {"N": str(version + 1)},
            "updated_at": {"S": rfc3339(at)},
            "expires_at": {"N": str(expires)},
        },
        ConditionExpression="attribute_not_exists(series) OR #version = :before",
        ExpressionAttributeNames={"#version": "version"},
        ExpressionAttributeValues={":before": {"N": str(version)}},
    )
