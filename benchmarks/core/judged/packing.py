"""Tie blocks as few bytes: what lies between them, not where they lie, in planes of bytes that compress well.

A query over 50,000 images of ten classes has 5,000 positives: 200 kB of blocks as five int64 columns, some 4 kB packed
and compressed.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks.metrics.tie_blocks import TieBlocks

PACKED = ("blocks", "gap", "size", "positives")
"""The arrays of packed blocks."""


def packed(blocks: TieBlocks, queries: int) -> dict[str, np.ndarray]:
    """The blocks of so many queries as arrays of unsigned bytes and counts; `unpacked` restores them exactly."""
    return {
        "blocks": np.bincount(blocks.query, minlength=queries).astype(np.uint32),
        "gap": _planes(blocks.above - _ends_before(blocks.query, blocks.above + blocks.size)),
        "size": _planes(blocks.size - 1),
        "positives": _planes(blocks.positives - 1),
    }


def unpacked(arrays: Mapping[str, np.ndarray]) -> TieBlocks:
    """The blocks that `packed` made these of."""
    counts = arrays["blocks"].astype(np.int64)
    query = np.repeat(np.arange(len(counts)), counts)
    gap, size, positives = (_values(arrays[name]) for name in ("gap", "size", "positives"))
    size += 1
    positives += 1
    return TieBlocks(query, _before(query, gap + size) + gap, size, positives, _before(query, positives))


def _ends_before(query: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """(b,) where the query's block before each ends; 0 for its first."""
    before = np.zeros(len(query), dtype=np.int64)
    before[1:] = np.where(query[1:] == query[:-1], ends[:-1], 0)
    return before


def _before(query: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(b,) sum of `values` over the query's blocks before each."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    sums = np.cumsum(values) - values
    opens = np.flatnonzero(np.diff(query, prepend=-1))
    return sums - np.repeat(sums[opens], np.diff(opens, append=len(query)))


def _planes(values: np.ndarray) -> np.ndarray:
    """(w, b) uint8: the lowest byte of every value, then the next, as many as the largest needs."""
    width = max(1, (int(values.max(initial=0)).bit_length() + 7) // 8)
    return np.ascontiguousarray(values.astype("<u4").view(np.uint8).reshape(-1, 4).T[:width])


def _values(planes: np.ndarray) -> np.ndarray:
    values = np.zeros(planes.shape[1], dtype=np.int64)
    for place, plane in enumerate(planes):
        values |= plane.astype(np.int64) << (8 * place)
    return values
