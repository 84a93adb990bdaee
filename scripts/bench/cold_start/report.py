"""The result, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .cases import MB
from .measure import Empty, Result

HEAD: tuple[str, ...] = ("", "cold start, min / median", "warm", "peak RSS", "zip")


def over_the_limit(results: list[Result]) -> list[str]:
    """A sentence for each package that is larger than it may be."""
    return [
        f"{result.case.name}.zip has {result.rust.zip_bytes / MB:.2f} MB and may have {result.case.limit_bytes / MB:.0f} MB"
        for result in results
        if result.rust.zip_bytes > result.case.limit_bytes
    ]


def ratios(result: Result) -> dict[str, float]:
    """How many times as much the Python function needs."""
    rust, python = asdict(result.rust), asdict(result.python)
    return {name: python[name] / rust[name] for name in rust}


def as_json(results: list[Result], empty: Empty | None, runs: int, warm: int) -> dict[str, Any]:
    functions = {
        result.case.name: {
            "rust": asdict(result.rust),
            "python": asdict(result.python),
            "ratio": ratios(result),
            "zip_limit_bytes": result.case.limit_bytes,
        }
        for result in results
    }
    beside = None if empty is None else asdict(empty) | {"ratio": empty.ratio}
    return {"runs": runs, "warm_invocations_a_run": warm, "functions": functions, "api_beside_an_empty_function": beside}


def as_sentence(empty: Empty) -> str:
    return (
        f"\n`GET /health`, cold, median: api {empty.api_ms:.1f} ms, an empty function on lambda_http {empty.empty_ms:.1f} ms, "
        f"{empty.ratio:.2f} ×"
    )


def as_table(results: list[Result]) -> str:
    """A Markdown table that reads well as it stands."""
    rows = [HEAD]
    for result in results:
        rows.append((f"**{result.case.name}**", *_figures(asdict(result.rust))))
        rows.append(("Python", *_figures(asdict(result.python))))
        times = ratios(result)
        cold = f"{_times(times['cold_min_ms'])} / {_times(times['cold_median_ms'])}"
        rows.append(("ratio", cold, *(_times(times[name]) for name in ("warm_median_ms", "peak_mib", "zip_bytes"))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _figures(of: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{of['cold_min_ms']:.1f} / {of['cold_median_ms']:.1f} ms",
        f"{of['warm_median_ms']:.2f} ms",
        f"{of['peak_mib']:.1f} MiB",
        f"{of['zip_bytes'] / MB:.2f} MB",
    )


def _times(ratio: float) -> str:
    return f"{ratio:.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"
