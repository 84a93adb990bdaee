"""The deployment's remediation policies, for the length of a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import Chain
from local.stack import ROOT


def publish(dynamodb: Any, document: str, text: str) -> None:
    """Appends a version, as `nightjar config publish` does. The engine reads it with its next event."""
    newest = dynamodb.query(
        TableName="aiops-config",
        KeyConditionExpression="document = :document",
        ExpressionAttributeValues={":document": {"S": document}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"][0]
    said = {"document": document, "json": text, "by": "chain test", "at": "2026-01-01T00:00:00Z", "why": "a test"}
    version = {"version": {"N": str(int(newest["version"]["N"]) + 1)}}
    dynamodb.put_item(TableName="aiops-config", Item={name: {"S": value} for name, value in said.items()} | version)


@contextmanager
def policies(chain: Chain, mode: str, runbook: list[dict[str, Any]] | None = None) -> Iterator[None]:
    """The deployment's policies, every one of them in this mode, the last with this runbook."""
    table = chain.deployment.stack.client("dynamodb")
    shipped = (ROOT / "config/remediation_policies.json").read_text()
    document = json.loads(shipped)
    for policy in document["policies"]:
        policy["mode"] = mode
    if runbook is not None:
        document["policies"][-1]["runbook"] = runbook
    publish(table, "remediation_policies", json.dumps(document))
    try:
        yield
    finally:
        publish(table, "remediation_policies", shipped)
