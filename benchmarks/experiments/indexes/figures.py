"""From an entrant's samples and answers to the figures of its row.

What it should have found is the exact ranking, so deep that no tie is cut.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from benchmarks.experiments.indexes.rounds import Entrant
from benchmarks.experiments.latency.summary import quantiles
from benchmarks.metrics.index_recall import index_recall
from benchmarks.metrics.statistics import bootstrap_interval
from benchmarks.protocol import SEED
from benchmarks.rows.comparisons import IndexFigures, QueryTimes, Recalls
from methods.fingerprint import settings_of
from methods.ranking import Ranking

CUTOFFS = (1, 10, 20)

Search = Callable[[int, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""k and places (r,) of queries to the ids and scores (r, k) of an exact search for them."""
_RESAMPLES = 1000


def exact_ranking(search: Search, queries: int, gallery: int) -> Ranking:
    """The exact ranking of each query down to where the score falls below that of the last cutoff, -1 from there on.

    Hashes tie by the hundred: any of those that tie with the 20th belongs to the exact top 20. Queries whose ties go
    on are searched deeper and deeper.
    """
    last = min(CUTOFFS[-1], gallery)
    depth = min(2 * last, gallery)
    ids, scores = search(depth, np.arange(queries))
    while len(open_ends := np.flatnonzero(scores[:, -1] == scores[:, last - 1])) and depth < gallery:
        deeper = min(4 * depth, gallery)
        room = ((0, 0), (0, deeper - depth))
        ids, scores = np.pad(ids, room, constant_values=-1), np.pad(scores, room, constant_values=-np.inf)
        ids[open_ends], scores[open_ends] = search(deeper, open_ends)
        depth = deeper
    return _ranking(ids, scores)


def recalls(ids: np.ndarray, scores: np.ndarray, exact: Ranking) -> dict[int, np.ndarray]:
    """Tie-aware recall at each cutoff, per query (q,), of an index's answer (q, 20)."""
    answer = _ranking(ids, scores)
    return {k: index_recall(answer, exact, k) for k in CUTOFFS}


def _ranking(ids: np.ndarray, scores: np.ndarray) -> Ranking:
    return Ranking(ids, scores, np.zeros(len(ids), dtype=bool))


def row_of(entrant: Entrant, exact: Ranking, scans: Sequence[Entrant], gallery: int) -> IndexFigures:
    """All that is stored of an entrant; without figures where its index failed."""
    worker = entrant.worker
    row: IndexFigures = {
        "family": worker.build.family,
        "build": settings_of(worker.build.part),
        "settings": entrant.settings,
        "status": worker.status,
        "reason": worker.reason,
        **worker.facts,
    }
    if worker.status != "ok":
        return row
    single = np.array(entrant.single)
    kept = recalls(entrant.ids, entrant.scores, exact)
    deepest = max(kept)
    recall = {f"recall@{k}": float(np.mean(values)) for k, values in kept.items()}
    interval = {f"recall@{deepest}_interval": list(bootstrap_interval(kept[deepest]))}
    return {
        **row,
        "bytes_per_vector": worker.facts["index_bytes"] / gallery,
        "disk_bytes_per_vector": worker.facts["disk_bytes"] / gallery,
        **cast(Recalls, recall | interval),
        **latency(single),
        "samples": single.size,
        "of_scan": _ratio(single, np.array(fastest(scans).single)) if scans else None,
        "batch_s": float(np.median(entrant.batched)),
    }


def fastest(scans: Sequence[Entrant]) -> Entrant:
    """Of the entrants that look at every row, the one with the lowest median query."""
    return min(scans, key=lambda scan: float(np.median(scan.single)))


def latency(single: np.ndarray) -> QueryTimes:
    """Quantiles, each with its interval, of samples in seconds (rounds, queries)."""
    found = quantiles(single)
    return cast(QueryTimes, {f"{name}_s": [each.value, each.low, each.high] for name, each in found.items()})


def _ratio(ours: np.ndarray, theirs: np.ndarray) -> list[float]:
    """Median query of `ours` over that of `theirs`, (rounds, queries) each, with its 95% interval.

    Rounds are resampled as pairs: both had a turn in each (percentile bootstrap, Efron & Tibshirani 1993, chapter 13).
    """
    a, b = np.median(ours, axis=1), np.median(theirs, axis=1)
    drawn = np.random.default_rng(SEED).integers(0, len(a), (_RESAMPLES, len(a)))
    low, high = np.quantile(np.median(a[drawn], axis=1) / np.median(b[drawn], axis=1), [0.025, 0.975])
    return [float(np.median(a) / np.median(b)), float(low), float(high)]
