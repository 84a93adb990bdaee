"""Lambda's Runtime API, as far as a runtime uses it: next, response, error, init/error."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from .http import Request

PREFIX = "/2018-06-01/runtime/"
TIMEOUT_SECONDS = 60


class FunctionFailed(Exception):
    """The function reported an error, or something that the Runtime API does not know."""


@dataclass(frozen=True)
class Answer:
    """What an invocation came to, when its event was handed over, and when the answer was there."""

    body: bytes
    asked_at: float
    at: float


class RuntimeApi:
    """Hands out one event at a time. Give `handle` to a server."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[Request] = asyncio.Queue()
        self._answered: asyncio.Queue[Request] = asyncio.Queue()
        self._count = 0

    def handle(self, request: Request) -> None:
        if request.path == f"{PREFIX}invocation/next":
            self._asked.put_nowait(request)
            return
        request.reply(202)
        self._answered.put_nowait(request)

    async def invoke(self, event: bytes) -> Answer:
        """Waits for the function to ask, hands it the event, waits for the answer."""
        asked = asyncio.ensure_future(self._asked.get())
        failed = asyncio.ensure_future(self._answered.get())
        await asyncio.wait((asked, failed), return_when=asyncio.FIRST_COMPLETED)
        failed.cancel()
        if not asked.done():
            asked.cancel()
            raise FunctionFailed(_told(failed.result()))
        self._count += 1
        asked_at = time.perf_counter()
        asked.result().reply(200, event, self._headers())
        request = await self._answered.get()
        if request.path != f"{PREFIX}invocation/{self._request_id()}/response":
            raise FunctionFailed(_told(request))
        return Answer(request.body, asked_at, request.at)

    def _request_id(self) -> str:
        return f"00000000-0000-4000-8000-{self._count:012}"

    def _headers(self) -> dict[str, str]:
        return {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": self._request_id(),
            "lambda-runtime-deadline-ms": str(int((time.time() + TIMEOUT_SECONDS) * 1000)),
            "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:bench",
            "lambda-runtime-trace-id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }


def _told(request: Request) -> str:
    try:
        told: Any = json.loads(request.body)
        return f"{told['errorType']}: {told['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return f"{request.path}: {request.body[:500]!r}"
