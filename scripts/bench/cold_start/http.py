"""The least of an HTTP/1.1 server that a function needs: keep-alive, bodies of known length, answers that come later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One request, whole. `at` is when its last byte was read."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    transport: asyncio.Transport

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} -", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


Handler = Callable[[Request], None]


class _Connection(asyncio.Protocol):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._take()) is not None:
            self._handler(request)

    def _take(self) -> Request | None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, path, _ = first.split(" ", 2)
        return Request(method, path, headers, rest[:length], time.perf_counter(), self._transport)


async def serve(handler: Handler) -> tuple[asyncio.Server, str]:
    """A server on a free port of loopback, and its `host:port`."""
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(handler), HOST, 0)
    return server, f"{HOST}:{server.sockets[0].getsockname()[1]}"
