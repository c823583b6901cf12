"""Gallery rows that hold the same numbers: their scores must be the same as well, or ties are broken by chance.

A matrix product does not see to that: on many processors the last bits depend on where in the matrix a row lies.
"""

import numpy as np

BLOCK = 1 << 20
"""Words whose digests are computed at a time."""


def equal_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (m,) of rows (n, d) float32 that equal, bit by bit, an earlier one, and of the first such one (m,)."""
    digests = _digests(rows)
    order = np.argsort(digests, kind="stable")
    starts = np.flatnonzero(np.diff(digests[order], prepend=digests[order[:1]] + np.uint64(1)))
    first = np.empty(len(rows), dtype=np.int64)
    first[order] = np.repeat(order[starts], np.diff(starts, append=len(rows)))
    later = np.flatnonzero(first != np.arange(len(rows)))
    # Of rows that differ and share a digest, which hardly occurs, each counts as a row of its own.
    same = np.array([np.array_equal(rows[row], rows[first[row]]) for row in later], dtype=bool)
    return later[same], first[later[same]]


def _digests(rows: np.ndarray) -> np.ndarray:
    """(n,) uint64, equal for equal rows: sums of integers, so that no order of adding changes them."""
    words: np.ndarray = rows.view(np.uint64 if rows.shape[1] % 2 == 0 else np.uint32)
    factors = np.random.default_rng(0).integers(0, 1 << 63, words.shape[1], dtype=np.uint64) | np.uint64(1)
    digests = np.empty(len(words), dtype=np.uint64)
    step = max(1, BLOCK // max(1, words.shape[1]))
    for start in range(0, len(words), step):
        digests[start : start + step] = (words[start : start + step] * factors).sum(axis=1)
    return digests
