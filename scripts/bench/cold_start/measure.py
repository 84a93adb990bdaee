"""All runs of all functions, interleaved: whatever else the machine does meets Rust and Python alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .cases import CASES, HEALTH, Case
from .fake_aws import FakeAws
from .http import serve
from .packages import PEERS, peer_bytes, peer_command, unpack
from .process import Program, Run, Unmeasurable, run


@dataclass(frozen=True)
class Figures:
    """One program's."""

    cold_min_ms: float
    cold_median_ms: float
    warm_median_ms: float
    peak_mib: float
    zip_bytes: int

    @classmethod
    def of(cls, runs: list[Run], zip_bytes: int) -> Figures:
        colds = [one.cold * 1000 for one in runs]
        return cls(
            cold_min_ms=min(colds),
            cold_median_ms=median(colds),
            warm_median_ms=median(duration * 1000 for one in runs for duration in one.warm),
            peak_mib=median(one.peak_kib for one in runs) / 1024,
            zip_bytes=zip_bytes,
        )


@dataclass(frozen=True)
class Result:
    """A function beside its peer."""

    case: Case
    rust: Figures
    python: Figures


@dataclass(frozen=True)
class Empty:
    """Cold starts of the API and of an empty function on lambda_http, in milliseconds; medians."""

    api_ms: float
    empty_ms: float

    @property
    def ratio(self) -> float:
        return self.api_ms / self.empty_ms


async def measure_empty(empty: Path, packages: Path, scratch: Path, runs: int) -> Empty:
    """In turns, too."""
    aws = FakeAws()
    server, address = await serve(aws.handle)
    programs = (_rust(HEALTH, packages, scratch), Program((str(empty.absolute()),), {}))
    colds: tuple[list[float], list[float]] = ([], [])
    for number in range(runs + 1):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            one = await run(programs[side], HEALTH, aws, address, 0)
            # The first fills the disk's cache.
            if number > 0:
                colds[side].append(one.cold * 1000)
    server.close()
    return Empty(median(colds[0]), median(colds[1]))


async def measure(
    names: list[str], packages: Path, scratch: Path, runs: int, warm: int, say: Callable[[str], None]
) -> list[Result]:
    cases = [case for case in CASES if not names or case.name in names]
    aws = FakeAws()
    server, address = await serve(aws.handle)
    forest = _train(scratch / "forest.pickle") if any(case.reads_series for case in cases) else None
    done: dict[str, tuple[list[Run], list[Run]]] = {case.name: ([], []) for case in cases}
    pairs: dict[str, tuple[Program, Program]] = {}
    for case in cases:
        say(f"{case.name}: a first run of each, which is not counted")
        rust = _rust(case, packages, scratch)
        recording = await _record(case, rust, aws, address, scratch / f"{case.name}.json")
        python = _python(recording, forest if case.reads_series else None)
        await _compare(case, rust, python, aws, address)
        pairs[case.name] = (rust, python)
    for number in range(runs):
        say(f"round {number + 1} of {runs}")
        for case in cases:
            # Rust and Python take turns in going first.
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                done[case.name][side].append(await run(pairs[case.name][side], case, aws, address, warm))
    server.close()
    say("weighing the Python packages")
    return [
        Result(
            case,
            Figures.of(done[case.name][0], (packages / f"{case.name}.zip").stat().st_size),
            Figures.of(done[case.name][1], peer_bytes(scratch / f"{case.name}.json", forest if case.reads_series else None)),
        )
        for case in cases
    ]


async def _record(case: Case, rust: Program, aws: FakeAws, address: str, into: Path) -> Path:
    """Fills the disk's cache, lets the detector learn its series, and writes down what the function asks and answers."""
    if case.reads_series:
        await run(rust, Case(case.name, case.event, {"series": 1}), aws, address, 0)
    aws.recorded.clear()
    told = await run(rust, case, aws, address, 0)
    calls = [asdict(call) for call in aws.recorded]
    into.write_text(json.dumps({"calls": calls, "answer": json.loads(told.answer)}))
    return into


async def _compare(case: Case, rust: Program, python: Program, aws: FakeAws, address: str) -> None:
    """Holds both sides to the same calls."""
    mine, theirs = [(await run(program, case, aws, address, 1)).calls for program in (rust, python)]
    if mine != theirs:
        raise Unmeasurable(f"{case.name}: the calls differ. Rust: {dict(mine)}. Python: {dict(theirs)}.")


def _rust(case: Case, packages: Path, scratch: Path) -> Program:
    return Program((str(unpack(packages / f"{case.name}.zip", scratch / case.name)),), {})


def _python(recording: Path, forest: Path | None) -> Program:
    environment = {"_HANDLER": "replay.handle", "RECORDING": str(recording), "FOREST": str(forest or "")}
    return Program(peer_command(), environment)


def _train(forest: Path) -> Path:
    forest.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run((sys.executable, PEERS / "train.py", forest), check=True, env=environment)
    return forest
