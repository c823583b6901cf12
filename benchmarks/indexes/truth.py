"""What each search should have found: the exact ranking, so deep that no tie is cut, and how much of it was kept."""

from collections.abc import Callable

import numpy as np

from benchmarks.metrics.index_recall import index_recall
from methods.ranking import Ranking

CUTOFFS = (1, 10, 20)

Search = Callable[[int, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""k and places (r,) of queries to the ids and scores (r, k) of an exact search for them."""


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
