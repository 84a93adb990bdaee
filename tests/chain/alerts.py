"""Incidents made up for the tests, each of a resource of its own, published as log-analyzer-rca would."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from local.stack import ROOT

from conftest import Chain

FIXTURE = ROOT / "functions/alert-handler/events/incident.json"


class Alerts:
    """Raises alerts on one deployment."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        event = json.loads(FIXTURE.read_text())
        self._envelope = json.loads(event["Records"][0]["Sns"]["Message"])

    def raised(self, region: str) -> dict[str, Any]:
        """A new incident of a new instance in `region`, by which the tests' routes tell alerts apart."""
        incident = json.loads(json.dumps(self._envelope["body"]))
        instance = f"i-{secrets.token_hex(8)}0"
        resource = incident["anomaly"]["resource"]
        resource |= {"id": instance, "region": region, "name": instance}
        resource["arn"] = f"arn:aws:ec2:{region}:000000000000:instance/{instance}"
        incident["id"] = f"inc_{secrets.token_hex(10)}"
        incident["title"] = f"CPUUtilization of {instance} is abnormal"
        incident["opened_at"] = incident["timeline"][0]["at"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return incident

    def stored(self, region: str) -> dict[str, Any]:
        """The same, where the API finds it."""
        incident = self.raised(region)
        extra = {"month": incident["opened_at"][:7], "resource_id": incident["anomaly"]["resource"]["id"]}
        item = json.loads(json.dumps(incident | extra), parse_float=Decimal)
        serialized = {key: TypeSerializer().serialize(value) for key, value in item.items()}
        self._chain.deployment.stack.client("dynamodb").put_item(TableName="aiops-incidents", Item=serialized)
        return incident

    def publish(self, incident: dict[str, Any]) -> None:
        """Without the attribute that the remediation listens for: nothing of it is there to be healed."""
        envelope = self._envelope | {"id": incident["id"], "occurred_at": incident["opened_at"], "body": incident}
        self._chain.publish("critical-alerts", json.dumps(envelope))
