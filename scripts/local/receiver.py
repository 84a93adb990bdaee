"""Stands in for Slack and for a team's own webhook: keeps what it is sent, refuses what is not signed.

Slack takes any JSON with a text. The webhook checks the Standard Webhooks signature with the library of the standard's authors.
"""

from __future__ import annotations

import json
from typing import Any

from local import settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

_received: list[dict[str, Any]] = []


def received() -> list[dict[str, Any]]:
    return _received


def forget() -> None:
    _received.clear()


def take(channel: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the answer for one post."""
    try:
        body = Webhook(settings.webhook_secret()).verify(raw, headers) if channel == "webhook" else json.loads(raw)
    except WebhookVerificationError as error:
        return 401, {"error": str(error)}
    except ValueError as error:
        return 400, {"error": str(error)}
    if channel == "slack" and not body.get("text"):
        return 400, {"error": "no_text"}
    _received.append({"channel": channel, "id": headers.get("webhook-id"), "body": body})
    return 200, {}
