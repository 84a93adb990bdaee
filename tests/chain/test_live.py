"""Live updates: what changes is told to whoever is connected, with the token that the HTTP API takes."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from conftest import Chain
from demo.fleet import TARGET
from local.deployment import PREFIX
from local.sign_in import another
from local.terraform import outputs
from local.websocket import Refused, WebSocket


def connect(chain: Chain, token: str | None) -> WebSocket:
    address = urlsplit(chain.deployment.live)
    protocols = ["nightjar"] + ([token] if token else [])
    return WebSocket(("127.0.0.1", chain.deployment.stack.port), address.netloc, address.path, protocols)


@pytest.fixture
def page(chain: Chain) -> Iterator[WebSocket]:
    connection = connect(chain, chain.deployment.token)
    yield connection
    connection.close()


def connections(chain: Chain) -> int:
    return sum(item["kind"] == "connection" for item in chain.records._scan("live"))


def test_an_incident_appears_within_two_seconds(chain: Chain, page: WebSocket) -> None:
    assert page.protocol == "nightjar"
    page.say({"action": "hello", "cursor": None})
    snapshot = page.hear()
    # What earlier tests left open is there, too: all of it, or the newest 50.
    assert snapshot["type"] == "snapshot"
    left_open = {row["id"] for row in chain.records.incidents() if row["status"] != "RESOLVED"}
    told = {event["id"] for event in snapshot["events"]}
    assert told <= left_open
    assert snapshot["complete"] or (len(told) == 50 and len(left_open) > 50)
    page.say({"action": "ping"})
    assert page.hear()["type"] == "pong"

    instances = chain.launch(TARGET)
    instances.get_into_trouble()
    chain.run("anomaly-detector")
    incident = chain.incidents(instances.get(TARGET))[0]
    told = next(event for event in frames_until(page, incident["id"]))
    assert told["resource"]["id"] == instances.get(TARGET).id

    # A change by hand, timed: from the write to the frame.
    table = chain.deployment.stack.client("dynamodb")
    started = time.monotonic()
    table.update_item(
        TableName=f"{PREFIX}-incidents",
        Key={"id": {"S": incident["id"]}},
        UpdateExpression="SET version = version + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    changed = next(event for event in frames_until(page, incident["id"]) if event["version"] > told["version"])
    assert changed["id"] == incident["id"]
    assert time.monotonic() - started <= 2

    # Somebody who was away catches up; somebody who says nonsense starts anew.
    back = connect(chain, chain.deployment.token)
    back.say({"action": "hello", "cursor": snapshot["cursor"]})
    assert any(event["id"] == incident["id"] for event in frames_until(back, incident["id"]))
    back.say({"action": "hello", "cursor": "yesterday"})
    assert hear_kind(back, "snapshot")["events"][0]["id"] == incident["id"]
    back.say({"action": "drop table"})
    assert "is not understood" in hear_kind(back, "error")["detail"]
    back.close()


def frames_until(page: WebSocket, incident: str):
    """The events of one incident in the deltas that come."""
    while True:
        frame = page.hear()
        yield from (event for event in frame.get("events", []) if event["id"] == incident)


def hear_kind(page: WebSocket, kind: str):
    while (frame := page.hear())["type"] != kind:
        pass
    return frame


def forged(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims["cognito:groups"] = ["admin"]
    changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def test_only_a_genuine_token_with_a_role_opens_a_connection(chain: Chain) -> None:
    sign_in = outputs(chain.deployment.stack.home)["sign_in"]
    stack = chain.deployment.stack
    viewer = another(stack, sign_in, "viewer@example.com", "viewer").token(stack)
    connect(chain, viewer).close()
    stack.client("cognito-idp").admin_create_user(UserPoolId=sign_in["user_pool_id"], Username="nobody@example.com", MessageAction="SUPPRESS")
    for token in (None, "x.y.z", forged(viewer)):
        with pytest.raises(Refused):
            connect(chain, token)


def test_who_hangs_up_is_forgotten(chain: Chain) -> None:
    before = connections(chain)
    connection = connect(chain, chain.deployment.token)
    assert connections(chain) == before + 1
    connection.close()
    deadline = time.monotonic() + 10
    while connections(chain) > before:
        assert time.monotonic() < deadline, "the connection is still known"
        time.sleep(0.2)
