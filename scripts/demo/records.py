"""What the chain left behind, read where it left it: tables, API, CloudTrail, mailbox and webhooks."""

from __future__ import annotations

import email
import json
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from local.deployment import PREFIX, Deployment

_deserialize = TypeDeserializer().deserialize


@dataclass(frozen=True)
class Records:
    """Reads one deployment."""

    deployment: Deployment

    def inventory(self) -> list[dict[str, Any]]:
        return self._scan("inventory")

    def series(self) -> list[dict[str, Any]]:
        return self._scan("series")

    def incidents(self) -> list[dict[str, Any]]:
        return self._scan("incidents")

    def pointers(self) -> dict[str, dict[str, Any]]:
        """Each scope's model, as the models table points to it."""
        items = [item for item in self._scan("models") if item["kind"] == "pointer"]
        return {item["name"]: json.loads(item["pointer"]) for item in items}

    def facts(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The audit trail's facts, oldest first."""
        entries = [json.loads(item["entry"]) for item in self._scan("audit") if not item["chain"].startswith("fact#")]
        entries.sort(key=lambda entry: (entry["fact"]["at"], entry["chain"], entry["seq"]))
        facts = [entry["fact"] for entry in entries]
        return [fact for fact in facts if kind in (None, fact["kind"])]

    def reboots(self) -> list[str]:
        """The instances that CloudTrail saw being rebooted, newest first."""
        attributes = [{"AttributeKey": "EventName", "AttributeValue": "RebootInstances"}]
        events = self.deployment.stack.client("cloudtrail").lookup_events(LookupAttributes=attributes)["Events"]
        return [resource["ResourceName"] for event in events for resource in event["Resources"]]

    def mails(self) -> list[EmailMessage]:
        paths = sorted(self.deployment.stack.outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime)
        return [email.message_from_bytes(path.read_bytes(), policy=default) for path in paths]

    def posts(self, channel: str) -> list[dict[str, Any]]:
        return [post for post in self.deployment.stack.received() if post["channel"] == channel]

    def api(self, path: str, body: Any = None, method: str | None = None, key: str | None = None) -> Any:
        """What the API answers to a GET, or to a POST of `body`, if `method` does not say otherwise; None where it says nothing."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Host": self.deployment.api_host, "Content-Type": "application/json"}
        headers["Authorization"] = f"Bearer {self.deployment.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(self.deployment.api + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = response.read()
            return json.loads(answer) if answer else None

    def _scan(self, table: str) -> list[dict[str, Any]]:
        pages = self.deployment.stack.client("dynamodb").get_paginator("scan").paginate(TableName=f"{PREFIX}-{table}")
        return [{k: _deserialize(v) for k, v in item.items()} for page in pages for item in page["Items"]]
