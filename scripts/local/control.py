"""What AWS has no call for: endpoints under /_local that drive the schedule, duplicates and faults."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from local import faults
from local.patches import async_invocation, schedule_clock

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]], Awaitable[None]]


def wrap(app: Asgi) -> Asgi:
    """The gateway with the control endpoints in front of it."""

    async def handle(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/_local/"):
            await app(scope, receive, send)
            return
        status, answer = _answer(scope["method"], scope["path"].split("/")[2:], await _body(receive))
        payload = json.dumps(answer).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": payload})

    return handle


async def _body(receive: Any) -> dict[str, Any]:
    raw = b""
    while True:
        message = await receive()
        raw += message.get("body", b"")
        if not message.get("more_body"):
            return json.loads(raw or b"{}")


def _answer(method: str, path: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    try:
        match method, path:
            case "POST", ["rules", name, "fire"]:
                schedule_clock.fire(name)
            case "PUT", ["copies"]:
                async_invocation.copies = int(body["copies"])
            case "POST", ["faults"]:
                faults.add(body)
            case "DELETE", ["faults"]:
                faults.clear()
            case "GET", ["faults"]:
                return 200, faults.pending()
            case _:
                return 404, {"error": "no such control"}
    except (schedule_clock.CannotFire, KeyError, TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    return 200, {}
