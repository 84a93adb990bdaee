"""What the Python functions share: clients, DynamoDB's types, messages, the sharded, hash-chained audit trail."""

import hashlib
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Json = dict[str, Any]

session = boto3.session.Session()
dynamodb = session.client("dynamodb")
_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def to_item(value: Json) -> Json:
    decimals = json.loads(json.dumps(value), parse_float=Decimal)
    return {name: _serializer.serialize(member) for name, member in decimals.items()}


def from_item(item: Json) -> Json:
    return {name: _plain(_deserializer.deserialize(member)) for name, member in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value


def envelopes(event: Json, schema: str) -> list[Json]:
    found = [json.loads(record["Sns"]["Message"]) for record in event["Records"]]
    for envelope in found:
        if envelope["schema"] != schema:
            raise ValueError(f"schema {envelope['schema']} is not known here")
    return found


def derive(prefix: str, *parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part.encode()).to_bytes(8, "big") + part.encode())
    return f"{prefix}_{digest.hexdigest()[:20]}"


def publish(sns: Any, topic: str, cause: Json, kind: str, body: Json, subject: str, text: str) -> None:
    envelope = {
        "schema": f"nightjar.{kind}/1",
        "id": body["id"],
        "caused_by": cause["id"],
        "trace": cause["trace"],
        "occurred_at": rfc3339(now()),
        "body": body,
    }
    attributes = {"kind": kind, "severity": body["severity"], "resource_type": "ec2:instance"}
    sns.publish(
        TopicArn=topic,
        Subject=subject,
        Message=json.dumps({"default": json.dumps(envelope), "email": text}),
        MessageStructure="json",
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def newest(chain: str) -> Json | None:
    """The entry at the end of a chain of the audit trail."""
    items = dynamodb.query(
        TableName=os.environ["AUDIT_TABLE"],
        KeyConditionExpression="chain = :chain",
        ExpressionAttributeValues={":chain": {"S": chain}},
        ScanIndexForward=False,
        Limit=1,
        ConsistentRead=True,
    )["Items"]
    return json.loads(items[0]["entry"]["S"]) if items else None


def record(kind: str, actor: str, subject: str, because_of: str | None, details: Json) -> None:
    """Appends a fact to its shard: reads the end, writes the entry and the fact's marker in one transaction."""
    table = os.environ["AUDIT_TABLE"]
    identity = derive("fct", kind, subject, because_of or "")
    chain = f"shard-{identity[-1]}"
    before = newest(chain) or {"seq": 0, "hash": "0" * 64}
    fact = {
        "id": identity,
        "kind": kind,
        "at": rfc3339(now()),
        "actor": actor,
        "subject": subject,
        "because_of": because_of,
        "details": details,
    }
    entry = {"chain": chain, "seq": before["seq"] + 1, "previous_hash": before["hash"], "fact": fact}
    canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    entry["hash"] = hashlib.sha256(canonical.encode()).hexdigest()
    item = {
        "chain": chain,
        "seq": entry["seq"],
        "kind": kind,
        "at": fact["at"],
        "subject": subject,
        "entry": json.dumps(entry),
    }
    marker = {"chain": f"fact#{fact['id']}", "seq": 0, "recorded_as": entry["seq"]}
    puts = (
        {"TableName": table, "Item": to_item(item), "ConditionExpression": "attribute_not_exists(seq)"},
        {"TableName": table, "Item": to_item(marker), "ConditionExpression": "attribute_not_exists(chain)"},
    )
    dynamodb.transact_write_items(TransactItems=[{"Put": put} for put in puts])
