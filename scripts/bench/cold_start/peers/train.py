"""Trains the Python detector's forest on a fortnight of the benchmark's series and pickles it.

train.py FOREST
"""

import math
import pickle
import sys
import time
from pathlib import Path

import numpy
from bench.cold_start.examples import PERIOD, cpu
from sklearn.ensemble import IsolationForest

FORTNIGHT = 14 * 86_400


def main() -> None:
    end = int(time.time()) // PERIOD * PERIOD
    times = range(end - FORTNIGHT, end, PERIOD)
    angles = [at / 86_400 * math.tau for at in times]
    rows = [[cpu(at), math.sin(angle), math.cos(angle)] for at, angle in zip(times, angles, strict=True)]
    forest = IsolationForest(n_estimators=100, random_state=7).fit(numpy.array(rows))
    Path(sys.argv[1]).write_bytes(pickle.dumps(forest))


if __name__ == "__main__":
    main()
