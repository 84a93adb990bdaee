"""How long `GET /events` takes with 100,000 incidents in the table: python -m bench.event_list [--incidents N] [--requests N].

The API's release package runs against a Runtime API and a stand-in for DynamoDB, both on loopback, as in the cold-start benchmark. The
stand-in holds the incidents' index by month and answers queries of it as DynamoDB does: newest first, within the key condition, no more than
`Limit`, with the key to go on from. Its own time is measured and told apart: a table's size is its matter, and a page's the handler's.

Ends with 1 when a page reads more incidents than it shows, but for the one that tells whether there is another page.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .cold_start import examples
from .cold_start.environment import of_a_function
from .cold_start.http import Request, serve
from .cold_start.packages import NoPackage, architecture, unpack
from .cold_start.runtime_api import Answer, FunctionFailed, RuntimeApi
from .cold_start.tables import ENVIRONMENT, to_attributes

SCRATCH = Path("target/bench-event-list")
PAGE = 20
#: The list goes back so far.
SPAN = timedelta(days=89)
SEED = 7


class Incidents:
    """`count` incidents, evenly over the span before now; an item is made when it is read."""

    def __init__(self, count: int) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._every = SPAN / count
        self._count = count
        self._pattern = to_attributes(examples.incident())
        self.read = 0
        self.busy = 0.0

    def opened_at(self, number: int) -> datetime:
        """The newest is number 0."""
        return (self._now - timedelta(minutes=1) - self._every * number).replace(microsecond=0)

    def handle(self, request: Request) -> None:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        asked = json.loads(request.body)
        if operation != "Query" or asked["TableName"] != ENVIRONMENT["INCIDENTS_TABLE"] or asked.get("IndexName") != "by_month":
            body = json.dumps({"__type": "ValidationException", "message": f"{operation} is no part of a list"})
            request.reply(400, body.encode(), {"content-type": "application/x-amz-json-1.0"})
            return
        body = json.dumps(self._query(asked)).encode()
        self.busy += time.perf_counter() - request.at
        request.reply(200, body, {"content-type": "application/x-amz-json-1.0"})

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        at = self._first(values[":until"])
        if start := asked.get("ExclusiveStartKey"):
            at = max(at, int(start["id"]["S"].removeprefix("inc_"), 16) + 1)
        items: list[dict[str, Any]] = []
        # The partition may begin later: a month is one.
        while at < self._count and self._month(at) > values[":partition"]:
            at += 1
        while at < self._count and len(items) < asked["Limit"] and self._month(at) == values[":partition"]:
            if examples.rfc3339(self.opened_at(at)) < values[":since"]:
                break
            items.append(self._item(at))
            at += 1
        self.read += len(items)
        ended = len(items) < asked["Limit"]
        key = {} if ended or not items else {"LastEvaluatedKey": {name: items[-1][name] for name in ("id", "month", "opened_at")}}
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)} | key

    def _first(self, until: str) -> int:
        """The newest that was not opened later."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if examples.rfc3339(self.opened_at(middle)) > until:
                low = middle + 1
            else:
                high = middle
        return low

    def _month(self, number: int) -> str:
        return self.opened_at(number).strftime("%Y-%m")

    def _item(self, number: int) -> dict[str, Any]:
        opened_at = {"S": examples.rfc3339(self.opened_at(number))}
        return self._pattern | {"id": {"S": f"inc_{number:020x}"}, "opened_at": opened_at, "month": {"S": self._month(number)}}


@dataclass(frozen=True)
class Timed:
    """Milliseconds of one request: as a whole, and without the stand-in's own."""

    whole: float
    handler: float


async def measure(binary: Path, count: int, requests: int) -> tuple[list[Timed], list[Timed], int]:
    """First pages, pages anywhere in the list, and the most incidents that one of them read."""
    table, runtime = Incidents(count), RuntimeApi()
    (aws, aws_address), (lambdas, address) = await serve(table.handle), await serve(runtime.handle)
    with tempfile.TemporaryDirectory(prefix="nightjar-bench-") as home, open(f"{home}/log", "w+b") as log:
        process = subprocess.Popen((str(binary.absolute()),), env=of_a_function(home, address, aws_address), cwd=home, stdout=log, stderr=log)
        try:
            return await _measure(table, runtime, count, requests)
        except FunctionFailed as error:
            log.seek(0)
            raise FunctionFailed(f"{error}\n{log.read()[-2000:].decode(errors='replace')}") from error
        finally:
            process.kill()
            process.wait()
            aws.close()
            lambdas.close()


async def _measure(table: Incidents, runtime: RuntimeApi, count: int, requests: int) -> tuple[list[Timed], list[Timed], int]:
    most = 0

    async def page(query: dict[str, str]) -> tuple[Timed, dict[str, Any]]:
        nonlocal most
        table.read, table.busy = 0, 0.0
        answer: Answer = await asyncio.wait_for(runtime.invoke(json.dumps(examples.http_event("/events", query)).encode()), 60)
        told = json.loads(answer.body)
        body = json.loads(told["body"])
        if told["statusCode"] != 200 or len(body["events"]) != PAGE:
            raise FunctionFailed(f"{told['statusCode']}: {told['body'][:300]}")
        most = max(most, table.read)
        whole = answer.at - answer.asked_at
        return Timed(whole * 1000, (whole - table.busy) * 1000), body

    first = {"limit": str(PAGE)}
    # The start is another benchmark's.
    for _ in range(20):
        await page(first)
    firsts = [(await page(first))[0] for _ in range(requests)]
    # A list that ends somewhere between then and now, and its next page: the table is the same size before each of them.
    anywhere, choice = [], random.Random(SEED)
    for _ in range(requests):
        until = table.opened_at(choice.randrange(count // 2))
        _, body = await page(first | {"until": examples.rfc3339(until)})
        anywhere.append((await page(first | {"cursor": body["next_cursor"]}))[0])
    return firsts, anywhere, most


def _quantiles(times: list[float]) -> str:
    ordered = sorted(times)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.99))
    return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(prog="event_list", description="Measures GET /events on a large table.")
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=500, help="of each kind (500)")
    parser.add_argument("--packages", type=Path, default=Path("target/lambda-packages") / architecture(), help="where api.zip is")
    options = parser.parse_args()
    try:
        binary = unpack(options.packages / "api.zip", SCRATCH)
        firsts, anywhere, most = asyncio.run(measure(binary, options.incidents, options.requests))
    except (NoPackage, FunctionFailed, TimeoutError) as error:
        print(f"bench: {error or 'no answer'}", file=sys.stderr)
        return 2
    print(f"GET /events?limit={PAGE}, {options.incidents:,} incidents in the table, {options.requests} requests of each kind:")
    for name, timed in (("the first page", firsts), ("a page by its cursor", anywhere)):
        print(f"  {name:20}  the handler alone {_quantiles([one.handler for one in timed])}; with the stand-in {_quantiles([one.whole for one in timed])}")
    print(f"  a page of {PAGE} read {most} incidents at the most")
    return 0 if most <= PAGE + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
