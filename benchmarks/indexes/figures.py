"""From an entrant's samples and answers to the figures of its row."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.indexes.seat import Entrant
from benchmarks.indexes.truth import recalls
from benchmarks.latency.summary import quantiles
from benchmarks.metrics.statistics import bootstrap_interval
from benchmarks.protocol import SEED
from methods.fingerprint import describe
from methods.ranking import Ranking

_RESAMPLES = 1000


def row_of(entrant: Entrant, exact: Ranking, scans: Sequence[Entrant], gallery: int) -> dict[str, Any]:
    """All that is stored of an entrant; without figures where its index failed."""
    seat = entrant.seat
    row: dict[str, Any] = {
        "family": seat.build.family,
        "build": describe(seat.build.part),
        "settings": entrant.settings,
        "status": seat.status,
        "reason": seat.reason,
        **seat.facts,
    }
    if seat.status != "ok":
        return row
    single = np.array(entrant.single)
    kept = recalls(entrant.ids, entrant.scores, exact)
    deepest = max(kept)
    return row | {
        "bytes_per_vector": seat.facts["index_bytes"] / gallery,
        **{f"recall@{k}": float(np.mean(values)) for k, values in kept.items()},
        f"recall@{deepest}_interval": list(bootstrap_interval(kept[deepest])),
        **_latency(single),
        "samples": single.size,
        "of_scan": _ratio(single, np.array(fastest(scans).single)) if scans else None,
        "batch_s": float(np.median(entrant.batched)),
    }


def fastest(scans: Sequence[Entrant]) -> Entrant:
    """Of the entrants that look at every row, the one with the lowest median query."""
    return min(scans, key=lambda scan: float(np.median(scan.single)))


def _latency(single: np.ndarray) -> dict[str, Any]:
    found = quantiles(single)
    return {f"{name}_s": [each.value, each.low, each.high] for name, each in found.items()}


def _ratio(ours: np.ndarray, theirs: np.ndarray) -> list[float]:
    """Median query of `ours` over that of `theirs`, (rounds, queries) each, with its 95% interval.

    Rounds are resampled as pairs: both had a turn in each (percentile bootstrap, Efron & Tibshirani 1993, chapter 13).
    """
    a, b = np.median(ours, axis=1), np.median(theirs, axis=1)
    drawn = np.random.default_rng(SEED).integers(0, len(a), (_RESAMPLES, len(a)))
    low, high = np.quantile(np.median(a[drawn], axis=1) / np.median(b[drawn], axis=1), [0.025, 0.975])
    return [float(np.median(a) / np.median(b)), float(low), float(high)]
