"""One process, from its start to its last answer."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import Case
from .environment import of_a_function
from .fake_aws import FakeAws
from .http import serve
from .runtime_api import Answer, FunctionFailed, RuntimeApi

PATIENCE_SECONDS = 60


class Unmeasurable(Exception):
    """The function did not do its work."""


@dataclass(frozen=True)
class Program:
    """A function as Lambda would start it."""

    command: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True)
class Run:
    """Seconds to the first answer, seconds of each later invocation, peak memory, the first calls to AWS and the first answer."""

    cold: float
    warm: tuple[float, ...]
    peak_kib: int
    calls: Counter[str]
    answer: bytes


async def run(program: Program, case: Case, aws: FakeAws, aws_address: str, warm: int) -> Run:
    """Starts the program, invokes it `1 + warm` times, stops it."""
    aws.answers.inventory_is_empty = case.inventory_is_empty
    aws.calls.clear()
    runtime = RuntimeApi()
    server, address = await serve(runtime.handle)
    with tempfile.TemporaryDirectory(prefix="nightjar-bench-") as home, open(f"{home}/log", "w+b") as log:
        environment = of_a_function(home, address, aws_address) | program.environment
        started = time.perf_counter()
        process = subprocess.Popen(program.command, env=environment, cwd=home, stdout=log, stderr=log)
        try:
            first = await _invoke(runtime, case, process)
            calls = Counter(aws.calls)
            later = [await _invoke(runtime, case, process) for _ in range(warm)]
            durations = tuple(answer.at - answer.asked_at for answer in later)
            return Run(first.at - started, durations, _peak_kib(process.pid), calls, first.body)
        except (FunctionFailed, TimeoutError) as error:
            log.seek(0)
            refused = "".join(f"\n{call}" for call in aws.calls if call.startswith("refused"))
            said = log.read()[-2000:].decode(errors="replace")
            raise Unmeasurable(
                f"{case.name} ({program.command[-1]}): {error or 'no answer'}{refused}\n{said}"
            ) from error
        finally:
            process.kill()
            process.wait()
            server.close()


async def _invoke(runtime: RuntimeApi, case: Case, process: subprocess.Popen[bytes]) -> Answer:
    event = json.dumps(case.event()).encode()
    answer = await _patiently(runtime.invoke(event), process)
    if problem := case.problem(answer.body):
        raise FunctionFailed(problem)
    return answer


async def _patiently(invocation: Coroutine[Any, Any, Answer], process: subprocess.Popen[bytes]) -> Answer:
    """Waits for the invocation, but not for a process that has ended."""
    task = asyncio.ensure_future(invocation)
    until = time.monotonic() + PATIENCE_SECONDS
    while not task.done():
        await asyncio.wait((task,), timeout=0.5)
        if not task.done() and (process.poll() is not None or time.monotonic() > until):
            task.cancel()
            status = process.poll()
            raise TimeoutError(
                f"no answer in {PATIENCE_SECONDS} s" if status is None else f"it ended with status {status}"
            )
    return task.result()


def _peak_kib(pid: int) -> int:
    """The most memory the process ever held (VmHWM)."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise Unmeasurable(f"the kernel tells no VmHWM of process {pid}")
    return int(found[1])
