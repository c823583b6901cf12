"""All pairs of packed codes that differ in few bits, some rows at a time."""

from collections.abc import Iterator

import numpy as np

from methods.indexes.differing_bits import whole_words

ROWS, COLUMNS = 64, 4096
"""Codes compared at a time: their exclusive or (2 MB) stays in the cache."""


def close_pairs(codes: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of `codes` (n, bytes) uint8 that differ in at most `most` bits, in blocks.

    Yields positions (m,) int64 of the one and of the other, the former below the latter, and in how many bits they
    differ, (m,). Every pair comes once. n (n - 1) / 2 comparisons: 100,000 codes of 64 bits are five thousand million.
    """
    words = np.ascontiguousarray(whole_words(codes).view(np.uint64).T)
    for start in range(0, len(codes), ROWS):
        blocks = [
            _close(words[:, start : start + ROWS, None], words[:, None, left : left + COLUMNS], most)
            + np.array([[start], [left], [0]])
            for left in range(start, len(codes), COLUMNS)
        ]
        rows, others, differing = np.concatenate(blocks, axis=1)
        order = np.flatnonzero(others > rows)
        order = order[np.lexsort((others[order], rows[order]))]
        yield rows[order], others[order], differing[order]


def _close(rows: np.ndarray, columns: np.ndarray, most: int) -> np.ndarray:
    """Row, column and differing bits (3, m) of close ones among words (w, r, 1) and (w, 1, c)."""
    differing = np.bitwise_count(rows[0] ^ columns[0])
    if len(rows) > 1:
        differing = differing.astype(np.uint16)
    for left, right in zip(rows[1:], columns[1:], strict=True):
        differing += np.bitwise_count(left ^ right)
    place = np.flatnonzero(differing <= most)
    row, column = np.divmod(place, differing.shape[1])
    return np.stack([row, column, differing.ravel()[place]]).astype(np.int64)
