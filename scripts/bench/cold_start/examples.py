"""What the functions are given: one instance, its CPU series, an anomaly of it, the incident that the anomaly opens."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"
INSTANCE = "i-0a1b2c3d4e5f60718"
ARN = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{INSTANCE}"
LOG_GROUP = "/aws/ec2/checkout"
PERIOD = 300
LOG_LINES = 12
TAGS = {
    "Name": "checkout",
    "aiops:log-groups": LOG_GROUP,
    "aiops:monitor": "true",
    "aiops:remediate": "reboot",
}
RESOURCE_REF = {
    "arn": ARN,
    "id": INSTANCE,
    "type": "ec2:instance",
    "region": REGION,
    "account": ACCOUNT,
    "name": "checkout",
}
METRIC = {
    "namespace": "AWS/EC2",
    "name": "CPUUtilization",
    "dimensions": {"InstanceId": INSTANCE},
    "statistic": "Average",
    "period_seconds": PERIOD,
}
SERIES = f"AWS/EC2|CPUUtilization|InstanceId={INSTANCE}|Average|{PERIOD}"
SUMMARY = "Memory exhaustion is the likeliest cause (88 % confidence, 12 log events)"


def rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def cpu(second: int) -> float:
    """A daily rhythm with a little noise that is the same on every run."""
    noise = (second // PERIOD * 7919 % 101) / 50
    return 30 + 10 * math.sin(second / 86_400 * math.tau) + noise


def resource() -> dict[str, Any]:
    """As the inventory keeps it."""
    return RESOURCE_REF | {
        "tags": TAGS,
        "state": "running",
        "launched_at": "2026-10-01T08:00:00Z",
        "log_sources": [{"group": LOG_GROUP, "stream_prefix": None}],
        "metrics": [METRIC | {"direction": "above"}],
        "missing": ["memory_metric", "disk_metric"],
        "onboarded_at": "2026-11-01T00:00:00Z",
        "updated_at": "2026-11-21T09:45:00Z",
    }


def anomaly() -> dict[str, Any]:
    """Of the five minutes that just ended: the engine does not act on old ones."""
    end = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    return {
        "id": "anm_00112233445566778899",
        "resource": RESOURCE_REF,
        "metric": METRIC,
        "window_start": rfc3339(end - timedelta(seconds=PERIOD)),
        "window_end": rfc3339(end),
        "observed": 97.2,
        "expected": {"low": 18.0, "typical": 24.5, "high": 31.0},
        "score": 0.985,
        "severity": "high",
        "reasons": ["97.2 where 24.5 is typical at this time of day"],
        "detector": "bench",
    }


def incident(number: int = 0) -> dict[str, Any]:
    """Escalated, with its evidence."""
    abnormal = anomaly()
    opened_at = rfc3339(datetime.now(UTC) - timedelta(minutes=1 + number))
    template = "Out of memory: Killed process <n> (java)"
    search = {
        "log_groups": [LOG_GROUP],
        "from": abnormal["window_start"],
        "until": abnormal["window_end"],
        "query": "fields @timestamp, @message | filter @message like /out of memory/ | limit 1000",
        "bytes_scanned": 1_048_576,
        "matched": LOG_LINES,
    }
    cause = {
        "kind": "memory_exhaustion",
        "confidence": 0.88,
        "severity": "critical",
        "events": LOG_LINES,
        "templates": [template],
    }
    pattern = {
        "template": template,
        "severity": "critical",
        "cause": "memory_exhaustion",
        "count": LOG_LINES,
        "sample": "Out of memory: Killed process 4242 (java)",
        "log_group": LOG_GROUP,
        "first_at": abnormal["window_start"],
        "last_at": abnormal["window_end"],
    }
    finding = {
        "summary": SUMMARY,
        "causes": [cause],
        "error_events": LOG_LINES,
        "patterns": [pattern],
        "patterns_cut": 0,
        "searches": [search],
        "gaps": [],
        "cost_usd": 0.000005,
    }
    because = f"critical evidence: {SUMMARY}"
    return {
        "id": f"inc_{number:020x}",
        "title": f"CPUUtilization of checkout ({INSTANCE}) is abnormal",
        "status": "OPEN",
        "severity": "critical",
        "opened_at": opened_at,
        "anomaly": abnormal,
        "finding": finding,
        "escalation": {"decision": "escalated", "because": because},
        "timeline": [{"at": opened_at, "by": "log-analyzer-rca", "to": "OPEN", "why": because}],
        "version": 1,
    }


def audit_entry() -> dict[str, Any]:
    """The only entry of the audit trail."""
    fact = {
        "id": "fct_00000000000000000000",
        "kind": "resource.onboarded",
        "at": rfc3339(datetime.now(UTC)),
        "actor": "onboarding",
        "subject": ARN,
        "because_of": None,
        "details": {},
    }
    return {"chain": "shard-0", "seq": 1, "previous_hash": "0" * 64, "fact": fact, "hash": "1" * 64}


def sns_event(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """`body` in its envelope, as SNS hands it to a function."""
    now = rfc3339(datetime.now(UTC))
    envelope = {
        "schema": f"nightjar.{kind}/1",
        "id": body["id"],
        "caused_by": None,
        "trace": body["id"],
        "occurred_at": now,
        "body": body,
    }
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:bench"
    notification = {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": topic,
        "Message": json.dumps(envelope),
        "Timestamp": now,
        "MessageAttributes": {},
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertUrl": "",
        "UnsubscribeUrl": "",
    }
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{topic}:1",
        "EventSource": "aws:sns",
        "Sns": notification,
    }
    return {"Records": [record]}


def schedule_event() -> dict[str, Any]:
    return {
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000000",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": rfc3339(datetime.now(UTC)),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/bench"],
        "detail": {},
    }


def http_event(path: str, query: dict[str, str]) -> dict[str, Any]:
    """As an HTTP API hands a GET to a function, payload format 2.0."""
    now = datetime.now(UTC)
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "bench"}
    context = {
        "accountId": ACCOUNT,
        "apiId": "bench",
        "domainName": "bench.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "bench",
        "http": http,
        "requestId": "1",
        "routeKey": f"GET {path}",
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    return {
        "version": "2.0",
        "routeKey": f"GET {path}",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
        "headers": {"host": context["domainName"], "accept": "application/json"},
        "queryStringParameters": query,
        "requestContext": context | {"authorizer": {"iam": _CALLER}},
        "isBase64Encoded": False,
    }


_CALLER = {
    "accessKey": "ASIAEXAMPLEEXAMPLE00",
    "accountId": ACCOUNT,
    "callerId": "AROAEXAMPLEEXAMPLE000:bench",
    "cognitoIdentity": None,
    "principalOrgId": None,
    "userArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/bench",
    "userId": "AROAEXAMPLEEXAMPLE000:bench",
}


def trail_event() -> dict[str, Any]:
    """Somebody stopped the trail, as EventBridge tells it; every time it is somebody else, and so another incident."""
    at = rfc3339(datetime.now(UTC))
    name = f"bench-{uuid.uuid4().hex[:12]}"
    detail = {
        "eventVersion": "1.09",
        "eventID": str(uuid.uuid4()),
        "eventName": "StopLogging",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventTime": at,
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": True,
        "readOnly": False,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "bench",
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}", "accountId": ACCOUNT, "userName": name},
        "requestParameters": {"name": "main"},
        "responseElements": None,
    }
    return schedule_event() | {"detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail", "detail": detail}


def stream_event(item: dict[str, Any]) -> dict[str, Any]:
    """An incident is new in its table. `item` is written as DynamoDB writes it."""
    change = {"Keys": {"id": item["id"]}, "NewImage": item, "SequenceNumber": "1", "SizeBytes": 1, "StreamViewType": "NEW_IMAGE"}
    record = {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/aiops-incidents/stream/bench",
    }
    return {"Records": [record]}
