"""All pairs of packed codes that differ in few bits, some rows at a time."""

from collections.abc import Iterator

import numpy as np

from methods.indexes.differing_bits import as_words

CELLS = 1 << 22
"""Pairs compared at once: some 40 MB of working memory, whatever the number of codes."""


def close_pairs(codes: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of `codes` (n, bytes) uint8 that differ in at most `most` bits, in blocks.

    Yields positions (m,) int64 of the one and of the other, the former below the latter, and in how many bits they
    differ, (m,). Every pair comes once. n (n - 1) / 2 comparisons: 100,000 codes of 64 bits are five thousand million.
    """
    words = as_words(codes)
    n, start = len(words), 0
    while start < n - 1:
        stop = min(n, start + max(1, CELLS // (n - start)))
        differing = np.zeros((stop - start, n - start), dtype=np.uint16)
        for column in words.T:
            differing += np.bitwise_count(column[start:stop, None] ^ column[None, start:])
        rows, others = np.nonzero(differing <= most)
        later = others > rows
        rows, others = rows[later], others[later]
        yield rows + start, others + start, differing[rows, others].astype(np.int64)
        start = stop
