"""All runs of all functions, interleaved: whatever else the machine does meets Rust and Python alike."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .cases import CASES, Case
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


async def measure(
    names: list[str], packages: Path, scratch: Path, runs: int, warm: int, say: Callable[[str], None]
) -> list[Result]:
    cases = [case for case in CASES if not names or case.name in names]
    aws = FakeAws()
    server, address = await serve(aws.handle)
    forest = _train(scratch / "forest.pickle") if any(case.reads_series for case in cases) else None
    pairs = {case.name: (_rust(case, packages, scratch), _python(case, forest)) for case in cases}
    done: dict[str, tuple[list[Run], list[Run]]] = {case.name: ([], []) for case in cases}
    for case in cases:
        say(f"{case.name}: a first run of each, which is not counted")
        await _rehearse(case, pairs[case.name], aws, address)
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
            Figures.of(done[case.name][1], peer_bytes(_module(case), forest if case.reads_series else None)),
        )
        for case in cases
    ]


async def _rehearse(case: Case, pair: tuple[Program, Program], aws: FakeAws, address: str) -> None:
    """Fills the disk's cache, lets the detector learn its series, and holds both sides to the same calls."""
    rust, python = pair
    if case.reads_series:
        learning = Case(case.name, case.event, {"series": 1})
        await run(rust, learning, aws, address, 0)
    mine, theirs = [(await run(program, case, aws, address, 1)).calls for program in (rust, python)]
    if mine != theirs:
        raise Unmeasurable(f"{case.name}: the calls differ. Rust: {dict(mine)}. Python: {dict(theirs)}.")


def _rust(case: Case, packages: Path, scratch: Path) -> Program:
    return Program((str(unpack(packages / f"{case.name}.zip", scratch / case.name)),), {})


def _python(case: Case, forest: Path | None) -> Program:
    return Program(peer_command(), {"_HANDLER": f"{_module(case)}.handle", "FOREST": str(forest)})


def _module(case: Case) -> str:
    return case.name.replace("-", "_")


def _train(forest: Path) -> Path:
    forest.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run((sys.executable, PEERS / "train.py", forest), check=True, env=environment)
    return forest
