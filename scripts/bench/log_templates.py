"""Log templates side by side: this project's miner against PyPI `drain3`, each as a process of its own on the same lines.

Both read a file of generated lines of many kinds of systems. `nightjar-logs` strips headers, masks, mines and compares two
windows; `drain3` masks and mines, once as it comes and once with the masks of its own example configuration. The share of lines
that are grouped as their generator knows them is measured by `cargo run -p nightjar-logs --example accuracy`.

    python -m pip install -r scripts/requirements/log_templates.txt
    cargo build -p nightjar-logs --profile bench --example mine --example generate
    python scripts/bench/log_templates.py [LINES]
"""

from __future__ import annotations

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release" / "examples"
ROUNDS = 3


def drain3(path: str, masked: bool) -> None:
    """The other side, in this very process."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    if masked:
        config.masking_instructions = [
            MaskingInstruction(pattern, name)
            for pattern, name in (
                (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
                (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
                (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
                (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
            )
        ]
    miner = TemplateMiner(config=config)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            miner.add_log_message(line.rstrip("\n"))
    print(json.dumps({"patterns": len(miner.drain.clusters)}))


def measure(command: list[str], lines: int) -> tuple[float, dict]:
    """The best of some rounds, in lines a second, and what the process printed."""
    best, printed = float("inf"), {}
    for _ in range(ROUNDS):
        start = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        best = min(best, time.perf_counter() - start)
        printed = json.loads(done.stdout.splitlines()[-1])
    return lines / best, printed


def main() -> None:
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = str(pathlib.Path(folder) / "lines.log")
        with open(path, "w", encoding="utf-8") as out:
            # Cargo says where the samples are to what it runs; here it does not run it.
            environment = os.environ | {"CARGO_MANIFEST_DIR": str(ROOT / "shared/logs")}
            subprocess.run([str(TARGET / "generate"), str(lines)], check=True, stdout=out, env=environment)
        rows = []
        for name, command in (
            ("nightjar-logs: header, mask, mine, compare", [str(TARGET / "mine"), path]),
            ("drain3: mine", [sys.executable, __file__, "--drain3", path, "plain"]),
            ("drain3: mask, mine", [sys.executable, __file__, "--drain3", path, "masked"]),
        ):
            rate, printed = measure(command, lines)
            rows.append((name, rate, printed["patterns"]))
    print(f"{lines} lines of generated logs, one core, whole processes, best of {ROUNDS}")
    print(f"{'':44}{'lines/s':>10}{'ratio':>8}{'templates':>11}")
    ours = rows[0][1]
    for name, rate, patterns in rows:
        print(f"{name:44}{rate:10.0f}{ours / rate:8.1f}{patterns:11}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of any process: {peak:.0f} MiB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--drain3"]:
        drain3(sys.argv[2], sys.argv[3] == "masked")
    else:
        main()
