"""Isolation forests side by side: this project's flat forest against scikit-learn and isotree, on one thread.

All three score the same number of points of the same shape: 8 features, 100 trees grown from 256 samples each. The Rust
figures are Criterion's, read from its own files, so `cargo bench -p nightjar-model` must have run before.

    python -m pip install -r scripts/requirements/forests.txt
    cargo bench -p nightjar-model
    python scripts/bench/forests.py
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import isotree  # noqa: E402  (the thread limits must stand first)
import numpy  # noqa: E402
from sklearn.ensemble import IsolationForest  # noqa: E402

FEATURES, TREES, SAMPLES = 8, 100, 256
BATCH = 10_000
SINGLES = 200
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "criterion"


def criterion(name: str) -> float:
    """Criterion's estimate of one iteration, in microseconds."""
    for found in sorted(TARGET.glob(f"**/*{name}*/new/estimates.json")):
        estimates = json.loads(found.read_text())
        return (estimates.get("slope") or estimates["mean"])["point_estimate"] / 1e3
    sys.exit(f"there is no Criterion result for {name!r} under {TARGET}: run `cargo bench -p nightjar-model` first")


def microseconds(score, points: numpy.ndarray, batch: int, rounds: int) -> float:
    """The best of some rounds, a point."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for at in range(0, len(points), batch):
            score(points[at : at + batch])
        best = min(best, time.perf_counter() - start)
    return best / len(points) * 1e6


def main() -> None:
    random = numpy.random.default_rng(1)
    history = random.normal(size=(20_000, FEATURES))
    points = random.normal(scale=2.0, size=(BATCH, FEATURES))

    sklearn = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, n_jobs=1, random_state=1).fit(history)
    extended = isotree.IsolationForest(ndim=3, ntrees=TREES, sample_size=SAMPLES, nthreads=1, random_seed=1).fit(history)

    ours = criterion("forest scoring")
    rows = [
        ("nightjar, point by point", ours),
        ("scikit-learn, point by point", microseconds(sklearn.score_samples, points[:SINGLES], 1, 3)),
        ("scikit-learn, 10,000 at once", microseconds(sklearn.score_samples, points, BATCH, 3)),
        ("isotree (3 axes a cut), point by point", microseconds(extended.predict, points[:SINGLES], 1, 3)),
        ("isotree (3 axes a cut), 10,000 at once", microseconds(extended.predict, points, BATCH, 3)),
    ]
    print(f"{FEATURES} features, {TREES} trees of {SAMPLES} samples, one thread")
    print(f"{'':42}{'µs a point':>12}{'times ours':>12}")
    for name, cost in rows:
        print(f"{name:42}{cost:12.2f}{cost / ours:12.1f}")
    print(f"{'crate extended-isolation-forest':42}{criterion('own scoring'):12.2f}{criterion('own scoring') / ours:12.1f}")
    print(json.dumps({name: round(cost / ours, 2) for name, cost in rows}))


if __name__ == "__main__":
    main()
