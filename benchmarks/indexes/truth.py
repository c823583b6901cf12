"""What each search should have found: the exact ranking, so deep that no tie is cut, and how much of it was kept."""

from collections.abc import Callable

import numpy as np

from benchmarks.metrics.index_recall import index_recall
from methods.ranking import Ranking

CUTOFFS = (1, 10, 20)

Search = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""k to the ids and scores (q, k) of an exact search for all queries."""


def exact_ranking(search: Search, gallery: int) -> Ranking:
    """The exact ranking down to where the score falls below that of the last cutoff, for every query.

    Hashes tie by the hundred: any of those that tie with the 20th belongs to the exact top 20.
    """
    last = min(CUTOFFS[-1], gallery)
    depth = min(2 * last, gallery)
    while True:
        ids, scores = search(depth)
        if depth == gallery or np.all(scores[:, -1] < scores[:, last - 1]):
            return _ranking(ids, scores)
        depth = min(4 * depth, gallery)


def recalls(ids: np.ndarray, scores: np.ndarray, exact: Ranking) -> dict[int, np.ndarray]:
    """Tie-aware recall at each cutoff, per query (q,), of an index's answer (q, 20)."""
    answer = _ranking(ids, scores)
    return {k: index_recall(answer, exact, k) for k in CUTOFFS}


def _ranking(ids: np.ndarray, scores: np.ndarray) -> Ranking:
    return Ranking(ids, scores, np.zeros(len(ids), dtype=bool))
