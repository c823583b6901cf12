"""The best k columns of a score matrix, with ties settled the same way every time."""

import numpy as np


def top_k(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Column numbers (q, k) int32 and scores (q, k) of the k largest per row of `scores` (q, n), best first.

    Of equal scores the lower column goes first, at the cut too, whatever k is. -inf is no result: its id is -1.
    `k` beyond n is cut to n.
    """
    rows, n = scores.shape
    k = min(k, n)
    if k == 0:
        return np.empty((rows, 0), dtype=np.int32), np.empty((rows, 0), dtype=scores.dtype)
    candidates = None if 2 * k > n else _cut(scores, k)
    if candidates is not None:
        scores = np.take_along_axis(scores, candidates, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    ids = order if candidates is None else np.take_along_axis(candidates, order, axis=1)
    return np.where(np.isneginf(best), -1, ids).astype(np.int32), best


def _cut(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns (q, k) of the k largest per row in column order; ties with the k-th enter lowest column first."""
    kth = np.partition(scores, -k, axis=1)[:, -k, None]
    above, equal = scores > kth, scores == kth
    room = k - above.sum(axis=1, keepdims=True)
    chosen = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room))
    return np.nonzero(chosen)[1].reshape(len(scores), k)
