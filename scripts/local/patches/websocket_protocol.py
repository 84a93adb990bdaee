"""A WebSocket connection has the subprotocol that the $connect integration chose.

Gap: the emulator accepts every connection without a subprotocol, whereupon browsers, which offered one, end it.
AWS (API Gateway developer guide, "WebSocket APIs: $connect requires subprotocols"): the integration returns
Sec-WebSocket-Protocol, and API Gateway hands it to the client.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services import apigateway

_chosen: ContextVar[list[str] | None] = ContextVar("chosen", default=None)
_invoke = apigateway._invoke_ws_lambda
_handle = apigateway.handle_websocket


async def _invoked(*args: Any, **options: Any) -> Any:
    answer = await _invoke(*args, **options)
    chosen = _chosen.get()
    if chosen is not None and isinstance(answer, dict):
        headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
        chosen[:] = [headers["sec-websocket-protocol"]] if "sec-websocket-protocol" in headers else []
    return answer


async def _handled(scope: Any, receive: Any, send: Any, *args: Any, **options: Any) -> None:
    chosen: list[str] = []
    _chosen.set(chosen)

    async def answer(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept":
            _chosen.set(None)
            if chosen:
                message = {**message, "subprotocol": chosen[0]}
        await send(message)

    await _handle(scope, receive, answer, *args, **options)


def apply() -> None:
    apigateway._invoke_ws_lambda = _invoked
    apigateway.handle_websocket = _handled
