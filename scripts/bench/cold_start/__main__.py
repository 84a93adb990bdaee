"""python -m bench.cold_start [--runs N] [--warm N] [--json] [--packages DIR] [function…]

Ends with 0, with 1 when a package is over its limit, with 2 when a function could not be measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from .cases import CASES
from .measure import Empty, measure, measure_empty
from .packages import NoPackage, architecture
from .process import Unmeasurable
from .report import as_json, as_sentence, as_table, over_the_limit

SCRATCH = Path("target/bench-cold-start")


def main() -> int:
    options = _options()
    try:
        results = asyncio.run(
            measure(options.functions, options.packages, SCRATCH.absolute(), options.runs, options.warm, _say)
        )
        empty = _beside_nothing(options)
    except (NoPackage, Unmeasurable) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(results, empty, options.runs, options.warm), indent=2))
    else:
        print(as_table(results))
        if empty is not None:
            print(as_sentence(empty))
    too_large = over_the_limit(results)
    for sentence in too_large:
        print(f"bench: {sentence}", file=sys.stderr)
    return 1 if too_large else 0


def _beside_nothing(options: argparse.Namespace) -> Empty | None:
    if options.empty is None or (options.functions and "api" not in options.functions):
        return None
    return asyncio.run(measure_empty(options.empty, options.packages, SCRATCH.absolute(), options.runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cold_start", description="Measures cold starts beside Python.")
    parser.add_argument("functions", nargs="*", metavar="function", help="all, if left out")
    parser.add_argument("--runs", type=_positive, default=15, help="processes of each program (15)")
    parser.add_argument("--warm", type=_positive, default=20, help="invocations of a process after its first (20)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--packages",
        type=Path,
        default=Path("target/lambda-packages") / architecture(),
        help="where the zips are (target/lambda-packages/<this machine's architecture>)",
    )
    parser.add_argument("--empty", type=Path, help="an empty function on lambda_http, to measure the API's start against")
    options = parser.parse_args()
    known = [case.name for case in CASES]
    for name in options.functions:
        if name not in known:
            parser.error(f"there is no function {name}; there are: {', '.join(known)}")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
