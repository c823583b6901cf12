"""The answer of a search: for each query, gallery positions and scores, best first."""

from dataclasses import dataclass

import numpy as np


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
    """Ranking from a dense score matrix (q, n), larger = better; -inf or NaN entries are not results."""
    scores = np.where(np.isnan(scores), -np.inf, scores).astype(np.float32, copy=False)
    if undetected is None:
        undetected = np.zeros(len(scores), dtype=bool)
    scores = np.where(undetected[:, None], np.float32(-np.inf), scores)
    k = min(k, scores.shape[1])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int32)
    top = np.take_along_axis(scores, order, axis=1)
    return Ranking(np.where(np.isneginf(top), np.int32(-1), order), top, undetected)
