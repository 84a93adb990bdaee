"""The functions' environment, and DynamoDB's way of writing an item."""

from __future__ import annotations

from typing import Any

from .examples import ACCOUNT, REGION

_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:aiops-"
#: One environment serves all functions: each reads what it needs.
ENVIRONMENT = {
    "NAME_PREFIX": "aiops",
    "AUDIT_TABLE": "aiops-audit",
    "INVENTORY_TABLE": "aiops-inventory",
    "SERIES_TABLE": "aiops-series",
    "MODELS_TABLE": "aiops-models",
    "FINGERPRINTS_TABLE": "aiops-fingerprints",
    "LOG_WATCH_TABLE": "aiops-log-watch",
    "INCIDENTS_TABLE": "aiops-incidents",
    "NOTIFICATIONS_TABLE": "aiops-notifications",
    "ALERT_GROUPS_TABLE": "aiops-alert-groups",
    "SILENCES_TABLE": "aiops-silences",
    "ROUTING_TABLE": "aiops-routing",
    "REMEDIATIONS_TABLE": "aiops-remediations",
    "COVERAGE_TABLE": "aiops-coverage",
    "CONFIG_TABLE": "aiops-config",
    "SECURITY_TABLE": "aiops-security",
    "LIVE_TABLE": "aiops-live",
    "ANOMALIES_TOPIC_ARN": f"{_TOPIC}anomalies",
    "CRITICAL_ALERTS_TOPIC_ARN": f"{_TOPIC}critical-alerts",
    "INCIDENT_CHANGES_TOPIC_ARN": f"{_TOPIC}incident-changes",
    "ALARMS_TOPIC_ARN": f"{_TOPIC}alarms",
    "OPS_TOPIC_ARN": f"{_TOPIC}ops",
    "API_AUTHORIZATION": "AWS_IAM",
    "TOKEN_ISSUER": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_bench",
    "TOKEN_CLIENTS": "bench",
    "LIVE_ENDPOINT": "https://bench.execute-api.us-east-1.amazonaws.com/live",
    "ANCHORS_BUCKET": "aiops-audit-anchors",
    "ANCHORS_KEY_ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/anchors",
    "REMEDIATION_MODE": "auto",
    "APPROVAL_KEY_ID": "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000003",
    "WEBHOOK_SECRET": "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g=",
}


def to_attributes(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _to_attribute(value) for name, value in item.items()}


def _to_attribute(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case list():
            return {"L": [_to_attribute(member) for member in value]}
        case dict():
            return {"M": to_attributes(value)}
        case _:
            raise TypeError(f"{type(value).__name__} is not used in items here")
