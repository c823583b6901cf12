"""The answer of a search: for each query, gallery positions and scores, best first."""

from dataclasses import dataclass

import numpy as np

_ENTRIES = 2**20
"""Scores sorted together."""


@dataclass(frozen=True)
class Ranking:
    """ids (q, k) int32 gallery positions, -1 past the last result; scores (q, k) float32, non-increasing, -inf there.

    Equal scores are ties: their order within a row carries no meaning and no metric may depend on it.
    `undetected` (q,) bool marks queries in which the method found nothing to search for (no face): all their ids
    are -1, and metrics count them as misses.
    """

    ids: np.ndarray
    scores: np.ndarray
    undetected: np.ndarray

    def __post_init__(self) -> None:
        if self.ids.shape != self.scores.shape or self.ids.ndim != 2:
            raise ValueError(f"ids {self.ids.shape} and scores {self.scores.shape} must be equal (q, k) shapes")
        if self.undetected.shape != (len(self.ids),):
            raise ValueError(f"undetected has shape {self.undetected.shape}, expected ({len(self.ids)},)")


def rank_scores(scores: np.ndarray, k: int, undetected: np.ndarray | None = None) -> Ranking:
    """Ranking from a dense score matrix (q, n), larger = better; -inf or NaN entries are not results.

    Rows are sorted some at a time: beside `scores` and the ranking itself it takes some 50 MiB, whatever q.
    """
    queries, n = scores.shape
    k = min(k, n)
    if undetected is None:
        undetected = np.zeros(queries, dtype=bool)
    ids = np.empty((queries, k), dtype=np.int32)
    top = np.empty((queries, k), dtype=np.float32)
    step = max(1, _ENTRIES // max(1, n))
    for start in range(0, queries, step):
        rows = slice(start, start + step)
        block = np.where(np.isnan(scores[rows]) | undetected[rows, None], -np.inf, scores[rows]).astype(np.float32)
        order = np.argsort(-block, axis=1, kind="stable")[:, :k]
        top[rows] = np.take_along_axis(block, order, axis=1)
        ids[rows] = np.where(np.isneginf(top[rows]), -1, order)
    return Ranking(ids, top, undetected)
