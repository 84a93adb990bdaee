"""Claims the webhook for an alert, posts it signed as Standard Webhooks prescribes, notes that it went out."""

import base64
import hashlib
import hmac
import json
import os

import urllib3
from common import Json, derive, dynamodb, envelopes, now, record, rfc3339

http = urllib3.PoolManager()
key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


def handle(event: Json) -> dict[str, int]:
    summary = {"sent": 0, "already_sent": 0}
    for envelope in envelopes(event, "nightjar.incident/1"):
        notification = derive("ntf", envelope["id"], "webhook")
        claim(notification)
        post(notification, envelope)
        update(notification, "SET sent_at = :at REMOVE lease_until", {":at": {"S": rfc3339(now())}})
        details = {
            "notification": notification,
            "severity": envelope["body"]["severity"],
            "incident": envelope["body"]["id"],
        }
        record("notification.sent", "alert-handler", "webhook", envelope["id"], details)
        print(json.dumps({"level": "INFO", "message": "notification sent", "id": notification}))
        summary["sent"] += 1
    return summary


def claim(notification: str) -> None:
    at = int(now().timestamp())
    values = {
        ":channel": {"S": "webhook"},
        ":now": {"N": str(at)},
        ":until": {"N": str(at + 60)},
        ":expires": {"N": str(at + 30 * 86_400)},
    }
    update(
        notification,
        "SET channel = :channel, lease_until = :until, expires_at = :expires",
        values,
        ConditionExpression="attribute_not_exists(sent_at) AND (attribute_not_exists(lease_until) OR lease_until < :now)",
    )


def update(notification: str, expression: str, values: Json, **more: str) -> None:
    dynamodb.update_item(
        TableName=os.environ["NOTIFICATIONS_TABLE"],
        Key={"id": {"S": notification}},
        UpdateExpression=expression,
        ExpressionAttributeValues=values,
        **more,
    )


def post(notification: str, envelope: Json) -> None:
    incident = envelope["body"]
    payload = json.dumps(
        {"type": "incident", "title": incident["title"], "severity": incident["severity"], "data": incident}
    )
    second = int(now().timestamp())
    digest = hmac.new(key, f"{notification}.{second}.{payload}".encode(), hashlib.sha256).digest()
    headers = {
        "content-type": "application/json",
        "webhook-id": notification,
        "webhook-timestamp": str(second),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    response = http.request(
        "POST", os.environ["WEBHOOK_URL"], body=payload.encode(), headers=headers, timeout=10, retries=False
    )
    if response.status >= 300:
        raise RuntimeError(f"the webhook answered {response.status}")
