"""A WebSocket client for tests: one connection, frames as JSON."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage


class Refused(Exception):
    """The server did not accept the connection."""


class WebSocket:
    """Connects to `host` at `address`; offers `protocols`."""

    def __init__(self, address: tuple[str, int], host: str, path: str, protocols: list[str]) -> None:
        self._socket = socket.create_connection(address, timeout=30)
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._text = ""
        self._frames: list[dict[str, Any]] = []
        self.protocol: str | None = None
        self._closed = False
        self._accepted = False
        self._send(Request(host=host, target=path, subprotocols=protocols))
        while not self._accepted:
            self._receive(30)

    def say(self, frame: dict[str, Any]) -> None:
        self._send(TextMessage(json.dumps(frame)))

    def hear(self, seconds: float = 10) -> dict[str, Any]:
        """The next frame; TimeoutError when none comes in time."""
        deadline = time.monotonic() + seconds
        while not self._frames:
            if self._closed:
                raise ConnectionError("the connection is closed")
            self._receive(max(deadline - time.monotonic(), 0.001))
        return self._frames.pop(0)

    def close(self) -> None:
        if not self._closed:
            self._send(CloseConnection(1000))
        self._socket.close()

    def _send(self, event: Any) -> None:
        self._socket.sendall(self._connection.send(event))

    def _receive(self, seconds: float) -> None:
        self._socket.settimeout(seconds)
        data = self._socket.recv(65536)
        self._connection.receive_data(data or None)
        for event in self._connection.events():
            match event:
                case AcceptConnection():
                    self._accepted, self.protocol = True, event.subprotocol
                case RejectConnection():
                    self._socket.close()
                    raise Refused(event.status_code)
                case TextMessage():
                    self._text += event.data
                    if event.message_finished:
                        self._frames.append(json.loads(self._text))
                        self._text = ""
                case CloseConnection():
                    self._closed = True
        if not data and not self._accepted:
            raise Refused("closed")
