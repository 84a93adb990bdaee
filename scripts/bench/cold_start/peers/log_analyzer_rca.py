"""Reads the logs around an anomaly, groups the errors, stores the incident, publishes it when it is critical."""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from common import Json, derive, dynamodb, envelopes, from_item, now, publish, record, rfc3339, session, to_item

logs = session.client("logs")
cloudtrail = session.client("cloudtrail")
cloudwatch = session.client("cloudwatch")
sns = session.client("sns")

SIGNALS = (
    ("memory_exhaustion", re.compile(r"out of memory|oom-?kill|outofmemoryerror|cannot allocate memory", re.I)),
    ("disk_full", re.compile(r"no space left on device|disk quota exceeded|enospc", re.I)),
    ("connection_exhaustion", re.compile(r"connection pool (?:is )?exhausted|too many connections", re.I)),
    ("dependency_timeout", re.compile(r"timed out|timeout exceeded|deadline exceeded|etimedout", re.I)),
)
QUERY = "fields @timestamp, @message, @logStream, @log | sort @timestamp desc | limit 6000"
EC2_METRICS = ("NetworkIn", "NetworkOut", "CPUCreditBalance", "StatusCheckFailed_Instance", "StatusCheckFailed_System")


def handle(event: Json) -> dict[str, int]:
    summary = {"incidents": 0, "published": 0}
    for envelope in envelopes(event, "nightjar.anomaly/1"):
        incident = open_incident(envelope["body"])
        details = {"severity": incident["severity"], "summary": incident["finding"]["summary"]}
        record("incident.opened", "log-analyzer-rca", incident["id"], envelope["id"], details)
        summary["incidents"] += 1
        if incident["severity"] == "critical":
            tell(envelope, incident)
            summary["published"] += 1
    return summary


def open_incident(anomaly: Json) -> Json:
    incident_id = derive("inc", anomaly["id"])
    incidents = os.environ["INCIDENTS_TABLE"]
    stored = dynamodb.get_item(TableName=incidents, Key={"id": {"S": incident_id}}, ConsistentRead=True).get("Item")
    if stored:
        return from_item(stored)
    key = {"arn": {"S": anomaly["resource"]["arn"]}}
    resource = from_item(dynamodb.get_item(TableName=os.environ["INVENTORY_TABLE"], Key=key)["Item"])
    dynamodb.scan(TableName=os.environ["INVENTORY_TABLE"])
    groups = [source["group"] for source in resource["log_sources"]]
    start = datetime.fromisoformat(anomaly["window_start"]) - timedelta(minutes=15)
    end = datetime.fromisoformat(anomaly["window_end"]) + timedelta(minutes=2)
    day, hour = timedelta(days=1), timedelta(hours=1)
    spans = ((start, end), (start - hour, start), (start - day, end - day))
    with ThreadPoolExecutor(max_workers=6) as pool:
        windows = [pool.submit(search, groups, *span) for span in spans]
        others = [pool.submit(look, anomaly) for look in (changes, metrics, history)]
        incident_rows, *before = [window.result() for window in windows]
        for other in others:
            other.result()
    finding = diagnose(incident_rows, {row["@message"] for rows in before for row in rows})
    at = now()
    incident = {
        "id": incident_id,
        "title": f"{anomaly['metric']['name']} of {anomaly['resource']['name']} is abnormal",
        "status": "OPEN",
        "severity": "critical" if finding["causes"] else anomaly["severity"],
        "opened_at": rfc3339(at),
        "anomaly": anomaly,
        "finding": finding,
        "version": 1,
    }
    extra = {
        "month": f"{at:%Y-%m}",
        "resource_id": anomaly["resource"]["id"],
        "expires_at": int((at + timedelta(days=90)).timestamp()),
    }
    item = to_item(incident | extra)
    dynamodb.put_item(TableName=incidents, Item=item, ConditionExpression="attribute_not_exists(id)")
    print(json.dumps({"level": "INFO", "message": "incident", "id": incident_id}))
    return incident


def changes(anomaly: Json) -> list[Json]:
    end = datetime.fromisoformat(anomaly["window_end"])
    writes = [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]
    answer = cloudtrail.lookup_events(
        LookupAttributes=writes, StartTime=end - timedelta(hours=6), EndTime=end, MaxResults=50
    )
    return answer["Events"]


def metrics(anomaly: Json) -> list[Json]:
    end = datetime.fromisoformat(anomaly["window_end"])
    dimensions = [{"Name": "InstanceId", "Value": anomaly["resource"]["id"]}]
    queries = [
        {
            "Id": f"m{index}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/EC2", "MetricName": name, "Dimensions": dimensions},
                "Period": 300,
                "Stat": "Average",
            },
        }
        for index, name in enumerate(EC2_METRICS)
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=end - timedelta(hours=6), EndTime=end)
    return answer["MetricDataResults"]


def history(anomaly: Json) -> list[Json]:
    answer = dynamodb.query(
        TableName=os.environ["INCIDENTS_TABLE"],
        IndexName="by_resource",
        KeyConditionExpression="#partition = :partition AND opened_at BETWEEN :since AND :until",
        ExpressionAttributeNames={"#partition": "resource_id"},
        ExpressionAttributeValues={
            ":partition": {"S": anomaly["resource"]["id"]},
            ":since": {"S": "2020-01-01T00:00:00Z"},
            ":until": {"S": anomaly["window_start"]},
        },
        ScanIndexForward=False,
    )
    return answer["Items"]


def search(groups: list[str], start: datetime, end: datetime) -> list[dict[str, str]]:
    started = logs.start_query(
        logGroupNames=groups, startTime=int(start.timestamp()), endTime=int(end.timestamp()), queryString=QUERY
    )
    while True:
        results = logs.get_query_results(queryId=started["queryId"])
        if results["status"] == "Complete":
            return [{field["field"]: field["value"] for field in row} for row in results["results"]]
        if results["status"] not in ("Scheduled", "Running"):
            raise RuntimeError(f"the query ended as {results['status']}")
        time.sleep(0.25)


def diagnose(rows: list[dict[str, str]], before: set[str]) -> Json:
    templates_before = {re.sub(r"\d+", "<n>", message) for message in before}
    causes: dict[str, int] = {}
    patterns: dict[str, Json] = {}
    for row in rows:
        cause = next((name for name, pattern in SIGNALS if pattern.search(row["@message"])), None)
        template = re.sub(r"\d+", "<n>", row["@message"])
        if cause is None or template in templates_before:
            continue
        causes[cause] = causes.get(cause, 0) + 1
        patterns.setdefault(template, {"template": template, "cause": cause, "count": 0, "sample": row["@message"]})
        patterns[template]["count"] += 1
    ranked = sorted(causes.items(), key=lambda pair: -pair[1])
    summary = f"{ranked[0][0]} is the likeliest cause ({ranked[0][1]} log events)" if ranked else "no errors were found"
    told = [{"kind": kind, "events": events} for kind, events in ranked]
    return {"summary": summary, "causes": told, "patterns": list(patterns.values())}


def tell(cause: Json, incident: Json) -> None:
    at = int(now().timestamp())
    dynamodb.update_item(
        TableName=os.environ["INCIDENTS_TABLE"],
        Key={"id": {"S": incident["id"]}},
        UpdateExpression="SET publishing_until = :until",
        ConditionExpression="attribute_not_exists(publishing_until) OR publishing_until < :now",
        ExpressionAttributeValues={":until": {"N": str(at + 60)}, ":now": {"N": str(at)}},
    )
    text = f"{incident['title']}\n\n{incident['finding']['summary']}\n"
    publish(sns, os.environ["CRITICAL_ALERTS_TOPIC_ARN"], cause, "incident", incident, incident["title"], text)
    record("alert.published", "log-analyzer-rca", incident["id"], incident["id"], {"severity": incident["severity"]})
    dynamodb.update_item(
        TableName=os.environ["INCIDENTS_TABLE"],
        Key={"id": {"S": incident["id"]}},
        UpdateExpression="SET published_at = if_not_exists(published_at, :at)",
        ConditionExpression="attribute_exists(id)",
        ExpressionAttributeValues={":at": {"S": rfc3339(now())}},
    )
