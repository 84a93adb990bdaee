"""The address of a WebSocket API begins with what a WebSocket's address begins with.

Gap: without TLS the emulator gives http://, which a browser's policy (Content-Security-Policy: connect-src) does not take for ws://.
AWS (CreateApi, apiEndpoint): wss:// for a WebSocket API.
"""

from __future__ import annotations

from ministack.services import apigateway

_scheme = apigateway._api_endpoint_scheme


def _scheme_of(protocol: str) -> str:
    scheme = _scheme(protocol)
    return "ws" if protocol == "WEBSOCKET" and scheme == "http" else scheme


def apply() -> None:
    apigateway._api_endpoint_scheme = _scheme_of
