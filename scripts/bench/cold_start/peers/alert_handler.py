"""Puts an alert into its group, looks at the group, claims, posts, records: one channel, the webhook, signed as Standard Webhooks prescribes."""

import base64
import hashlib
import hmac
import json
import os
import time

import urllib3
from common import Json, derive, dynamodb, envelopes, now, record, rfc3339

http = urllib3.PoolManager()
key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
GROUPS = os.environ["ALERT_GROUPS_TABLE"]
FRESH_SECONDS = 30
_read_at: float | None = None


def handle(event: Json) -> dict[str, int]:
    refresh_routes()
    summary = {"sent": 0, "already_sent": 0}
    for envelope in envelopes(event, "nightjar.incident/1"):
        group = join(envelope)
        silences = scan(os.environ["SILENCES_TABLE"])
        claimed = lease(group)
        members = load(group)
        if not silences and members:
            told = tell(group, members[0])
            settle(group, claimed, told)
            summary["sent"] += 1
    return summary


def refresh_routes() -> None:
    """Products, at most half a minute old."""
    global _read_at
    if _read_at is None or time.monotonic() - _read_at >= FRESH_SECONDS:
        dynamodb.query(
            TableName=os.environ["ROUTING_TABLE"],
            KeyConditionExpression="#kind = :kind",
            ExpressionAttributeNames={"#kind": "kind"},
            ExpressionAttributeValues={":kind": "product"},
            ConsistentRead=True,
        )
        _read_at = time.monotonic()


def scan(table: str) -> list[Json]:
    return dynamodb.scan(TableName=table)["Items"]


def join(envelope: Json) -> str:
    """Notes where the incident's alert is, puts it into its group, and makes the group due."""
    incident = envelope["body"]
    group = derive("grp", "root", "default", "webhook", incident["id"])
    fingerprint = derive("", incident["anomaly"]["resource"]["id"], incident["anomaly"]["metric"]["name"])[1:17]
    expires = {":expires": {"N": str(int(now().timestamp()) + 90 * 86_400)}}
    places = {":places": {"SS": [f"{group} {fingerprint}"]}}
    update(GROUPS, key_of(f"incident#{incident['id']}", "#places"), "SET expires_at = :expires ADD places :places", expires | places)
    member = {"fingerprint": fingerprint, "title": incident["title"], "severity": incident["severity"], "message": incident["id"]}
    update(
        GROUPS,
        key_of(group, f"alert#{fingerprint}"),
        "SET #member = :member, envelope = :envelope, expires_at = :expires ADD #open :incident",
        expires
        | {
            ":member": {"S": json.dumps(member)},
            ":envelope": {"S": json.dumps(envelope)},
            ":incident": {"SS": [incident["id"]]},
        },
        ExpressionAttributeNames={"#member": "member", "#open": "open"},
    )
    update(
        GROUPS,
        key_of(group, "#group"),
        "SET group_json = :group, expires_at = :expires ADD arrivals :one",
        expires | {":group": {"S": json.dumps({"id": group})}, ":one": {"N": "1"}},
    )
    update(
        GROUPS,
        key_of(group, "#group"),
        "SET due_at = :due, #shard = :shard",
        {":due": {"S": rfc3339(now())}, ":shard": {"S": "due"}},
        ConditionExpression="attribute_not_exists(due_at) OR due_at > :due",
        ExpressionAttributeNames={"#shard": "shard"},
    )
    return group


def lease(group: str) -> Json:
    at = int(now().timestamp())
    return update(
        GROUPS,
        key_of(group, "#group"),
        "SET lease_until = :until ADD #token :one",
        {":now": {"S": rfc3339(now())}, ":second": {"N": str(at)}, ":until": {"N": str(at + 30)}, ":one": {"N": "1"}},
        ConditionExpression="due_at <= :now AND (attribute_not_exists(lease_until) OR lease_until < :second)",
        ExpressionAttributeNames={"#token": "token"},
        ReturnValues="ALL_NEW",
    )["Attributes"]


def load(group: str) -> list[Json]:
    items = dynamodb.query(
        TableName=GROUPS,
        KeyConditionExpression="#group = :group",
        ExpressionAttributeNames={"#group": "group"},
        ExpressionAttributeValues={":group": {"S": group}},
        ConsistentRead=True,
    )["Items"]
    return [json.loads(item["member"]["S"]) for item in items if "member" in item]


def tell(group: str, member: Json) -> str:
    name = f"alert#{member['fingerprint']}"
    envelope = json.loads(dynamodb.get_item(TableName=GROUPS, Key=key_of(group, name))["Item"]["envelope"]["S"])
    dynamodb.get_item(TableName=GROUPS, Key=key_of("channel#default/webhook", "#disabled"))
    notification = derive("ntf", group, envelope["id"])
    claim(notification)
    post(notification, envelope)
    table = os.environ["NOTIFICATIONS_TABLE"]
    update(table, {"id": {"S": notification}}, "SET sent_at = :at REMOVE lease_until", {":at": {"S": rfc3339(now())}})
    details = {"notification": notification, "severity": envelope["body"]["severity"], "incident": envelope["body"]["id"]}
    record("notification.sent", "alert-handler", "default/webhook", envelope["id"], details)
    print(json.dumps({"level": "INFO", "message": "notification sent", "id": notification}))
    return notification


def settle(group: str, claimed: Json, notification: str) -> None:
    token = claimed["token"]
    told = {"told": notification, "last_notified_at": rfc3339(now())}
    dynamodb.put_item(
        TableName=GROUPS,
        Item=key_of(group, "#told") | {"told": {"S": json.dumps(told)}, "token": token},
        ConditionExpression="attribute_not_exists(#token) OR #token <= :token",
        ExpressionAttributeNames={"#token": "token"},
        ExpressionAttributeValues={":token": token},
    )
    update(
        GROUPS,
        key_of(group, "#group"),
        "SET last_flush_at = :at REMOVE lease_until, due_at, #shard",
        {":at": {"S": rfc3339(now())}, ":token": token, ":arrivals": claimed["arrivals"]},
        ConditionExpression="#token = :token AND arrivals = :arrivals",
        ExpressionAttributeNames={"#token": "token", "#shard": "shard"},
    )


def claim(notification: str) -> None:
    at = int(now().timestamp())
    values = {
        ":channel": {"S": "default/webhook"},
        ":now": {"N": str(at)},
        ":until": {"N": str(at + 60)},
        ":expires": {"N": str(at + 30 * 86_400)},
    }
    update(
        os.environ["NOTIFICATIONS_TABLE"],
        {"id": {"S": notification}},
        "SET channel = :channel, lease_until = :until, expires_at = :expires",
        values,
        ConditionExpression="attribute_not_exists(sent_at) AND (attribute_not_exists(lease_until) OR lease_until < :now)",
    )


def key_of(group: str, item: str) -> Json:
    return {"group": {"S": group}, "item": {"S": item}}


def update(table: str, key_of_item: Json, expression: str, values: Json, **more: str | Json) -> Json:
    return dynamodb.update_item(
        TableName=table, Key=key_of_item, UpdateExpression=expression, ExpressionAttributeValues=values, **more
    )


def post(notification: str, envelope: Json) -> None:
    incident = envelope["body"]
    payload = json.dumps(
        {"type": "nightjar.incident", "title": incident["title"], "severity": incident["severity"], "data": incident}
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
