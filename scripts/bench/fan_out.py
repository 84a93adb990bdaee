"""How long a change takes to reach many open pages: python -m bench.fan_out [connections], on the local AWS of the running demo."""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from local import stack as local_stack
from local.deployment import PREFIX
from local.sign_in import another
from local.terraform import outputs
from local.websocket import WebSocket

HOME = local_stack.ROOT / ".local"


def main(count: int) -> int:
    stack = local_stack.find(HOME)
    if stack is None:
        print("no local AWS is running; `make demo` starts one", file=sys.stderr)
        return 1
    told = outputs(HOME)
    person = another(stack, told["sign_in"], f"bench-{time.time_ns()}@example.com", "viewer")
    token = person.token(stack)
    address = urlsplit(told["live_endpoint"])

    def connect(_: int) -> WebSocket:
        return WebSocket(("127.0.0.1", stack.port), address.netloc, address.path, ["nightjar", token])

    with ThreadPoolExecutor(32) as pool:
        pages = list(pool.map(connect, range(count)))
    table = stack.client("dynamodb")
    incident = table.scan(TableName=f"{PREFIX}-incidents", Limit=1)["Items"][0]["id"]
    rounds = []
    for _ in range(5):
        with ThreadPoolExecutor(count) as pool:
            waiting = [pool.submit(_heard, page) for page in pages]
            started = time.monotonic()
            table.update_item(
                TableName=f"{PREFIX}-incidents",
                Key={"id": incident},
                UpdateExpression="SET version = version + :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
            rounds.append(sorted(future.result() - started for future in waiting))
    for page in pages:
        page.close()
    first, last = ([times[index] for times in rounds] for index in (0, -1))
    print(f"{count} connections, {len(rounds)} changes, from the write to the frame, emulator included:")
    print(f"  first page  median {statistics.median(first):.2f} s, worst {max(first):.2f} s")
    print(f"  last page   median {statistics.median(last):.2f} s, worst {max(last):.2f} s")
    return 0


def _heard(page: WebSocket) -> float:
    while page.hear(30)["type"] != "delta":
        pass
    return time.monotonic()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
