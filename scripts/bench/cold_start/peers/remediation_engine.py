"""Reboots an instance that opted in: looks, claims together with the cooldown and the ledger, acts, settles, records, tells people."""

import json
import os
from datetime import datetime, timedelta

from common import Json, dynamodb, envelopes, now, publish, record, rfc3339, session

ec2 = session.client("ec2")
sns = session.client("sns")
TABLE = os.environ["REMEDIATIONS_TABLE"]


def handle(event: Json) -> dict[str, int]:
    summary = {"carried_out": 0, "declined": 0}
    for envelope in envelopes(event, "nightjar.incident/1"):
        incident = envelope["body"]
        if look(f"claim#{incident['id']}"):
            continue
        refusal = why_not(incident)
        if refusal:
            details = {"reason": refusal}
            record(
                "remediation.declined",
                "remediation-engine",
                incident["anomaly"]["resource"]["arn"],
                incident["id"],
                details,
            )
            summary["declined"] += 1
            continue
        act(envelope, incident)
        summary["carried_out"] += 1
    return summary


def look(key: str) -> Json | None:
    answer: Json = dynamodb.get_item(TableName=TABLE, Key={"id": {"S": key}}, ConsistentRead=True)
    return answer.get("Item")


def why_not(incident: Json) -> str | None:
    resource = incident["anomaly"]["resource"]
    instance = ec2.describe_instances(InstanceIds=[resource["id"]])["Reservations"][0]["Instances"][0]
    statuses = ec2.describe_instance_status(InstanceIds=[resource["id"]])["InstanceStatuses"]
    cooldown = look(f"resource#{resource['arn']}")
    dynamodb.get_item(TableName=os.environ["INCIDENTS_TABLE"], Key={"id": {"S": incident["id"]}}, ConsistentRead=True)
    if look("control"):
        return "stopped"
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    if tags.get(f"{os.environ['NAME_PREFIX']}:remediate") != "reboot":
        return "not opted in"
    if instance["State"]["Name"] != "running":
        return "not running"
    if any(status["InstanceStatus"]["Status"] == "initializing" for status in statuses):
        return "restarting"
    if now() - datetime.fromisoformat(incident["anomaly"]["window_end"]) > timedelta(hours=1):
        return "stale"
    if cooldown and int(cooldown["cooldown_until"]["N"]) > now().timestamp():
        return "cooling down"
    return None


def act(envelope: Json, incident: Json) -> None:
    resource = incident["anomaly"]["resource"]
    at = now()
    ledger = look("ledger") or {}
    claim = {"incident": incident["id"], "resource_arn": resource["arn"], "state": "started", "claimed_at": rfc3339(at)}
    take(claim, at, ledger)
    record("remediation.started", "remediation-engine", resource["arn"], incident["id"], {"action": "reboot"})
    if look("control"):
        return
    ec2.reboot_instances(InstanceIds=[resource["id"]])
    settled = claim | {"state": "finished", "settled_at": rfc3339(now())}
    replace(claim, settled)
    record("remediation.finished", "remediation-engine", resource["arn"], incident["id"], {"action": "reboot"})
    print(json.dumps({"level": "INFO", "message": "remediation", "incident": incident["id"]}))
    underway = settled | {"announcement": {"underway": rfc3339(now() + timedelta(seconds=60))}}
    replace(settled, underway)
    body = {"id": incident["id"], "severity": incident["severity"], "action": "reboot", "outcome": "finished"}
    subject = f"rebooted {resource['name']}"
    publish(
        sns,
        os.environ["CRITICAL_ALERTS_TOPIC_ARN"],
        envelope,
        "remediation",
        body,
        subject,
        f"{subject}: {incident['title']}",
    )
    replace(underway, settled | {"announcement": "done"})


def take(claim: Json, at: datetime, ledger: Json) -> None:
    expires = str(int((at + timedelta(days=90)).timestamp()))
    put = {
        "TableName": TABLE,
        "Item": {
            "id": {"S": f"claim#{claim['incident']}"},
            "claim": {"S": json.dumps(claim)},
            "expires_at": {"N": expires},
        },
        "ConditionExpression": "attribute_not_exists(id)",
    }
    update = {
        "TableName": TABLE,
        "Key": {"id": {"S": f"resource#{claim['resource_arn']}"}},
        "UpdateExpression": "SET cooldown_until = :until, expires_at = :expires",
        "ConditionExpression": "attribute_not_exists(cooldown_until) OR cooldown_until <= :now",
        "ExpressionAttributeValues": {
            ":until": {"N": str(int((at + timedelta(hours=1)).timestamp()))},
            ":now": {"N": str(int(at.timestamp()))},
            ":expires": {"N": expires},
        },
    }
    acts = [{"incident": claim["incident"], "at": claim["claimed_at"], "policy": "bundled"}]
    count = {
        "TableName": TABLE,
        "Item": {"id": {"S": "ledger"}, "ledger": {"S": json.dumps({"acts": acts})}, "ledger_version": {"N": "1"}},
        "ConditionExpression": "attribute_not_exists(id) OR ledger_version = :made_from",
        "ExpressionAttributeValues": {":made_from": ledger.get("ledger_version", {"N": "0"})},
    }
    switch = {
        "TableName": TABLE,
        "Key": {"id": {"S": "control"}},
        "ConditionExpression": "attribute_not_exists(stopped_at)",
    }
    dynamodb.transact_write_items(
        TransactItems=[{"Put": put}, {"Put": count}, {"ConditionCheck": switch}, {"Update": update}]
    )


def replace(before: Json, after: Json) -> None:
    dynamodb.update_item(
        TableName=TABLE,
        Key={"id": {"S": f"claim#{before['incident']}"}},
        UpdateExpression="SET claim = :after",
        ConditionExpression="claim = :before",
        ExpressionAttributeValues={":before": {"S": json.dumps(before)}, ":after": {"S": json.dumps(after)}},
    )
