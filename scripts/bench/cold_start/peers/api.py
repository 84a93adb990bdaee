"""GET /events: the incidents of a time span, newest first."""

import json
import os
from datetime import datetime

from common import Json, dynamodb, from_item, now, rfc3339

SHOWN = ("id", "title", "status", "severity", "opened_at", "version")


def handle(event: Json) -> Json:
    query = event.get("queryStringParameters") or {}
    since = rfc3339(datetime.fromisoformat(query["since"]))
    limit = int(query.get("limit", 50))
    incidents = read(since, rfc3339(now()), limit)
    body = {"events": [summary(incident) for incident in incidents], "next_cursor": None}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "private, no-cache"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def read(since: str, until: str, limit: int) -> list[Json]:
    found = []
    for month in dict.fromkeys((until[:7], since[:7])):
        answer = dynamodb.query(
            TableName=os.environ["INCIDENTS_TABLE"],
            IndexName="by_month",
            KeyConditionExpression="#partition = :partition AND opened_at BETWEEN :since AND :until",
            ExpressionAttributeNames={"#partition": "month"},
            ExpressionAttributeValues={":partition": {"S": month}, ":since": {"S": since}, ":until": {"S": until}},
            ScanIndexForward=False,
            Limit=100,
        )
        found += [from_item(item) for item in answer["Items"]]
    return found[:limit]


def summary(incident: Json) -> Json:
    anomaly = incident["anomaly"]
    shown = {name: incident[name] for name in SHOWN}
    measured = {"metric": anomaly["metric"]["name"], "observed": anomaly["observed"], "score": anomaly["score"]}
    escalated = incident["escalation"]["decision"] == "escalated"
    return {
        **shown,
        **measured,
        "resource": anomaly["resource"],
        "summary": incident["finding"]["summary"],
        "escalated": escalated,
    }
