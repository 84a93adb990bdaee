"""What AWS has no call for: endpoints under /_local that drive the schedule, duplicates and faults, and receive alerts."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from local import faults, receiver
from local.patches import async_invocation, cloudtrail_events, schedule_clock

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]], Awaitable[None]]


def wrap(app: Asgi) -> Asgi:
    """The gateway with the control endpoints in front of it."""

    async def handle(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/_local/"):
            await app(scope, receive, send)
            return
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        status, answer = _answer(scope["method"], scope["path"].split("/")[2:], headers, await _body(receive))
        payload = json.dumps(answer).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": payload})

    return handle


async def _body(receive: Any) -> bytes:
    raw = b""
    while True:
        message = await receive()
        raw += message.get("body", b"")
        if not message.get("more_body"):
            return raw


def _answer(method: str, path: list[str], headers: dict[str, str], raw: bytes) -> tuple[int, Any]:
    try:
        match method, path:
            case "POST", ["rules", name, "fire"]:
                schedule_clock.fire(name)
            case "GET", ["pending"]:
                return 200, async_invocation.pending
            case "PUT", ["copies"]:
                async_invocation.copies = int(json.loads(raw)["copies"])
            case "POST", ["cloudtrail"]:
                cloudtrail_events.tell(**json.loads(raw))
            case "DELETE", ["cloudtrail"]:
                cloudtrail_events.forget()
            case "POST", ["faults"]:
                faults.add(json.loads(raw))
            case "DELETE", ["faults"]:
                faults.clear()
            case "GET", ["faults"]:
                return 200, faults.pending()
            case "POST", ["receive", ("slack" | "webhook") as channel]:
                return receiver.take(channel, headers, raw)
            case "GET", ["received"]:
                return 200, receiver.received()
            case "DELETE", ["received"]:
                receiver.forget()
            case _:
                return 404, {"error": "no such control"}
    except (schedule_clock.CannotFire, KeyError, TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    return 200, {}
