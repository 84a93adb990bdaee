"""Reads the logs around an anomaly, groups the errors, stores the incident, publishes it when it is critical."""

import json
import os
import re
import time
from datetime import datetime, timedelta

from common import Json, derive, dynamodb, envelopes, from_item, now, publish, record, rfc3339, session, to_item

logs = session.client("logs")
sns = session.client("sns")

SIGNALS = (
    ("memory_exhaustion", re.compile(r"out of memory|oom-?kill|outofmemoryerror|cannot allocate memory", re.I)),
    ("disk_full", re.compile(r"no space left on device|disk quota exceeded|enospc", re.I)),
    ("connection_exhaustion", re.compile(r"connection pool (?:is )?exhausted|too many connections", re.I)),
    ("dependency_timeout", re.compile(r"timed out|timeout exceeded|deadline exceeded|etimedout", re.I)),
)
QUERY = "fields @timestamp, @message, @logStream | filter @message like /(?i)({})/ | sort @timestamp desc | limit 1000"


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
    finding = diagnose(search([source["group"] for source in resource["log_sources"]], anomaly))
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


def search(groups: list[str], anomaly: Json) -> list[dict[str, str]]:
    start = datetime.fromisoformat(anomaly["window_start"]) - timedelta(minutes=15)
    end = datetime.fromisoformat(anomaly["window_end"]) + timedelta(minutes=2)
    query = QUERY.format("|".join(pattern.pattern for _, pattern in SIGNALS))
    started = logs.start_query(
        logGroupNames=groups, startTime=int(start.timestamp()), endTime=int(end.timestamp()), queryString=query
    )
    while True:
        results = logs.get_query_results(queryId=started["queryId"])
        if results["status"] == "Complete":
            return [{field["field"]: field["value"] for field in row} for row in results["results"]]
        if results["status"] not in ("Scheduled", "Running"):
            raise RuntimeError(f"the query ended as {results['status']}")
        time.sleep(0.25)


def diagnose(rows: list[dict[str, str]]) -> Json:
    causes: dict[str, int] = {}
    patterns: dict[str, Json] = {}
    for row in rows:
        cause = next((name for name, pattern in SIGNALS if pattern.search(row["@message"])), None)
        if cause is None:
            continue
        causes[cause] = causes.get(cause, 0) + 1
        template = re.sub(r"\d+", "<n>", row["@message"])
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
