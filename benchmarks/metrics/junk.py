"""Which query and gallery image are one and the same."""

import numpy as np


def equal_pairs(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) int64 of query row and gallery position whose values are equal, ordered by row, then by position.

    `queries` (q,) and `gallery` (n,) hold ids, digests, or any other values that sort.
    """
    order = np.argsort(gallery, kind="stable")
    left = np.searchsorted(gallery, queries, side="left", sorter=order)
    count = np.searchsorted(gallery, queries, side="right", sorter=order) - left
    rows = np.repeat(np.arange(len(queries)), count)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return np.stack([rows, order[left[rows] + nth]], axis=1)
