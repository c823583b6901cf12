"""Snapshots made by hand for tests of the gate."""

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.gate.report import compare
from benchmarks.gate.rules import Rules
from benchmarks.gate.snapshot import CellRecord, make_snapshot


def record(method="hog", hits=(1.0,) * 200, **changes):
    """A cell whose mAP is half of its hit@1."""
    hits = np.asarray(hits, dtype=np.float64)
    settings = {
        "cell": Cell("cifar10", "standard", "retrieval", method),
        "status": "ok",
        "reason": "",
        "title": "cifar10",
        "protocol": 1,
        "seed": 7,
        "manifest": "aaaa",
        "threads": 2,
        "queries": tuple(f"test/{number}" for number in range(len(hits))),
        "values": {"hit@1": hits, "mAP": np.round(hits / 2, 4)},
        "memory": 100 * 2**20,
    }
    return CellRecord(**{**settings, **changes})


def failed(method="hog", status="timeout"):
    return record(method, status=status, queries=(), values={}, memory=None)


def losing(count, of=200):
    """Hits of which the first `count` are lost."""
    hits = np.ones(of)
    hits[:count] = 0
    return hits


def judged(base, new, times=(), **rules):
    """The report of two lists of cells."""
    return compare(make_snapshot("base", base), make_snapshot("new", new), times, Rules(**rules))
