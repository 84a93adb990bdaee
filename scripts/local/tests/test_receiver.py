"""The stand-in for Slack and for a webhook."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime, timezone

import pytest
from standardwebhooks.webhooks import Webhook

from local.stack import Stack

NOW = datetime.now(timezone.utc)
BODY = '{"hello":"world"}'


def post(stack: Stack, channel: str, body: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(stack.receives(channel), body.encode(), named)) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_signed_webhook_is_kept_and_a_forged_one_refused(stack: Stack) -> None:
    signature = Webhook(stack.webhook_secret).sign("msg-1", NOW, BODY)
    stamp = str(int(NOW.timestamp()))
    forged = json.dumps({"hello": "mallory"})
    assert post(stack, "webhook", forged, webhook_id="msg-1", webhook_timestamp=stamp, webhook_signature=signature) == 401
    assert post(stack, "webhook", BODY, webhook_id="msg-1", webhook_timestamp=stamp, webhook_signature=signature) == 200
    assert {"channel": "webhook", "id": "msg-1", "body": {"hello": "world"}} in stack.received()


@pytest.mark.parametrize(("body", "status"), [('{"text":"hi"}', 200), ("{}", 400), ("no json", 400)])
def test_slack_wants_json_with_a_text(stack: Stack, body: str, status: int) -> None:
    assert post(stack, "slack", body) == status
