"""Frames can be posted to connections through the one endpoint of the local AWS.

Gap: the emulator knows the management API under a host name below .localhost, which functions cannot resolve, or under a path of
its own. AWS gives every WebSocket API a host name; AWS_ENDPOINT_URL stands for all of them here, and the connection's id, which
is unique, says which API is meant.
"""

from __future__ import annotations

import ministack.app as gateway
from ministack.services import apigateway

PREFIX = "/@connections/"
_parse = gateway._parse_execute_api_url


def _parsed(host: str, path: str) -> tuple[str, str, str] | None:
    if path.startswith(PREFIX) and (parsed := _parse(host, "/")) is None:
        connection = apigateway._ws_connections.get(path.removeprefix(PREFIX))
        # Of a connection that is gone nobody knows the API; asking any of them says that it is gone.
        api = connection["apiId"] if connection else next((key for key in apigateway._apis if _is_websocket(key)), None)
        if api is None:
            return parsed
        return api, connection["stage"] if connection else next(iter(apigateway._stages.get(api, {})), "$default"), path
    return _parse(host, path)


def _is_websocket(api_id: str) -> bool:
    return (apigateway._apis.get(api_id) or {}).get("protocolType") == "WEBSOCKET"


def apply() -> None:
    gateway._parse_execute_api_url = _parsed
