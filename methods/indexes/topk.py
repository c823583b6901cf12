"""The best k columns of a score matrix, with ties settled the same way every time."""

import numpy as np

GROUPS = 512
"""Groups of columns whose maxima bound a row's k-th best score from below; more are tighter, fewer are quicker."""

CROWD = 4
"""Columns at or above that bound, for each of the k: where ties make them more, the exact cut takes over."""


def top_k(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Column numbers (q, k) int32 and scores (q, k) of the k largest per row of `scores` (q, n), best first.

    Of equal scores the lower column goes first, at the cut too, whatever k is. -inf is no result: its id is -1.
    `k` beyond n is cut to n.
    """
    rows, n = scores.shape
    k = min(k, n)
    if rows == 0 or k == 0:
        return np.empty((rows, k), dtype=np.int32), np.empty((rows, k), dtype=scores.dtype)
    found = None
    if 4 * k <= min(n, GROUPS):
        found = _of_one_row(scores[0], k) if rows == 1 else _above_a_bound(scores, k)
    if found is None:
        found = _sorted_rows(scores, k)
    ids, best = found
    return np.where(np.isneginf(best), -1, ids).astype(np.int32), best


def reached_by(scores: np.ndarray, k: int) -> np.float32:
    """A score, close below the k-th best of `scores` (n,), that k of them reach; 4 * k is at most n and GROUPS."""
    width = len(scores) // GROUPS or 1
    groups = len(scores) // width
    maxima = scores[: groups * width].reshape(width, groups).max(axis=0)
    return np.partition(maxima, groups - k)[groups - k]


def _of_one_row(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
    """`_above_a_bound` for one row (n,), in half as many steps: beside one query's products each of them counts."""
    column = np.flatnonzero(scores >= reached_by(scores, k))
    if not k <= len(column) <= CROWD * k:
        return None
    value = scores[column]
    order = np.argsort(-value, kind="stable")[:k]
    return column[order][None], value[order][None]


def _above_a_bound(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Columns and scores (q, k) after two passes over `scores`, or None where too many columns are candidates.

    k groups have a maximum at or above the k-th largest of the maxima, so at least k columns do: it bounds the k-th
    best score from below.
    """
    rows, n = scores.shape
    width = n // min(n, GROUPS)
    groups = n // width
    maxima = scores[:, : groups * width].reshape(rows, width, groups).max(axis=1)
    bound = np.partition(maxima, groups - k, axis=1)[:, groups - k, None]
    candidates = scores >= bound
    if np.count_nonzero(candidates) > CROWD * k * rows:
        return None
    row, column = np.divmod(np.flatnonzero(candidates), n)
    counts = np.bincount(row, minlength=rows)
    if counts.min() < k:  # NaN compares with nothing
        return None
    value = scores[row, column]
    order = np.lexsort((-value, row))  # stable: of equal scores the lower column stays first
    kept = order[(np.cumsum(counts) - counts)[:, None] + np.arange(k)]
    return column[kept], value[kept]


def _sorted_rows(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    candidates = None if 2 * k > scores.shape[1] else _cut(scores, k)
    if candidates is not None:
        scores = np.take_along_axis(scores, candidates, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return order if candidates is None else np.take_along_axis(candidates, order, axis=1), best


def _cut(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns (q, k) of the k largest per row in column order; ties with the k-th enter lowest column first."""
    kth = np.partition(scores, -k, axis=1)[:, -k, None]
    above, equal = scores > kth, scores == kth
    room = k - above.sum(axis=1, keepdims=True)
    chosen = above | (equal & (np.cumsum(equal, axis=1, dtype=np.int32) <= room))
    return np.nonzero(chosen)[1].reshape(len(scores), k)
