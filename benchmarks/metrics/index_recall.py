"""Recall of an approximate index: how much of the exact top k it keeps."""

import numpy as np

from methods.ranking import Ranking


def index_recall(approximate: Ranking, exact: Ranking, k: int, cut: bool = False) -> np.ndarray:
    """Share of its top k that belongs to the exact top k, per query (q,) float64; NaN where nothing was detected.

    A result counts when it is one of those whose exact score reaches that of the exact k-th, so that ties are not held
    against it (Aumüller, Bernhardsson & Faithfull, "ANN-Benchmarks", 2020). Of an exact ranking that is `cut` (only its
    first results are stored), queries whose ties with the k-th may go on past the cut are NaN too.
    """
    kept = np.full(len(exact.ids), np.nan)
    for query in np.flatnonzero(~exact.undetected):
        depth = min(k, int(np.count_nonzero(exact.ids[query] >= 0)))
        open_end = cut and depth and exact.scores[query, -1] == exact.scores[query, depth - 1]
        if depth and not open_end:
            true = exact.ids[query][exact.scores[query] >= exact.scores[query, depth - 1]]
            kept[query] = np.isin(approximate.ids[query, :depth], true[true >= 0]).sum() / depth
    return kept
