"""Exact Hamming search that looks at few codes: multi-index hashing (Norouzi, Punjani & Fleet, CVPR 2012, TPAMI 2014).

Codes are cut into m substrings of 16 bits, each with a table of its own. A code that differs from the query in at most
m * r + j bits must agree with it, but for r bits, in one of the first j + 1 substrings, or but for r - 1 bits in one of
the others. So tables are looked up at rising radius until the k nearest are certain. That is sub-linear where near
codes exist; where they do not, buckets soon cost more than codes, and the rest is a scan.
"""

from functools import cache

import numpy as np

from methods.distances import Metric
from methods.indexes.differing_bits import differing_bits, least_differing, padded, whole_words

SUBSTRING = 16
"""Bits of a substring; a table has 2 ** 16 buckets."""

SCAN_SHARE = 1 / 128
"""Buckets and codes to look at, as a share of the gallery, beyond which a scan is cheaper."""

LEAST = 1 << 18
"""Fewer codes are scanned sooner than a handful of look-ups is made."""


class MultiIndexHashing:
    """Scores are minus the number of differing bits; of equal scores the lower row goes first, at the cut too.

    So ids and scores are those of HammingIndex, whatever the codes.
    """

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._codes = np.empty((0, 0), dtype=np.uint8)
        self._tables: list[_Table] = []

    def add(self, vectors: np.ndarray) -> None:
        """Build over packed codes (n, bytes) uint8, padded with zero bits to whole substrings and words."""
        self._codes = whole_words(vectors)
        self._tables = [_Table(values) for values in padded(vectors, SUBSTRING // 8).view(np.uint16).T]

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        k = min(k, len(self._codes))
        ids = np.empty((len(vectors), k), dtype=np.int32)
        scores = np.empty((len(vectors), k), dtype=np.float32)
        if k:
            substrings = padded(vectors, SUBSTRING // 8).view(np.uint16)
            for place, query in enumerate(whole_words(vectors)):
                ids[place], differing = self._nearest(query[None], substrings[place], k)
                scores[place] = -differing.astype(np.float32)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and of the tables."""
        return self._codes.nbytes + sum(table.nbytes for table in self._tables)

    def _nearest(self, query: np.ndarray, substrings: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows (k,) of the codes nearest to a query (1, bytes), and in how many bits they differ."""
        found = self._looked_up(query, substrings, k) if len(self._codes) >= LEAST else None
        if found is not None:
            return found
        rows, differing = least_differing(self._codes, query, k)
        return rows[0], differing[0]

    def _looked_up(self, query: np.ndarray, substrings: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray] | None:
        """The same by way of the tables, or None where a scan is cheaper."""
        found = np.empty(0, dtype=np.int64)
        work, affordable = 0, SCAN_SHARE * len(self._codes)
        for radius in range(SUBSTRING + 1):
            flips = _flips(radius)
            for place, (table, substring) in enumerate(zip(self._tables, substrings, strict=True)):
                buckets = flips ^ substring
                work += len(buckets) + table.count(buckets)
                if work > affordable:
                    return None
                rows = table.rows_at(buckets)
                found = np.concatenate([found, _keys(differing_bits(query, self._codes[rows])[0], rows)])
                certain = len(self._tables) * radius + place
                near = np.unique(found[found < (certain + 1) << _SHIFT])  # a code may be in several buckets
                if len(near) >= k:
                    return near[:k] & _ROW, near[:k] >> _SHIFT
        return None


class _Table:
    """Rows by the value of one substring: those of value v are `_rows[_starts[v] : _starts[v + 1]]`."""

    def __init__(self, values: np.ndarray) -> None:
        self._rows = np.argsort(values, kind="stable").astype(np.int32)
        counts = np.bincount(values, minlength=1 << SUBSTRING)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def count(self, values: np.ndarray) -> int:
        """How many rows have one of `values` (b,) uint16."""
        buckets = values.astype(np.int32)
        return int((self._starts[buckets + 1] - self._starts[buckets]).sum())

    def rows_at(self, values: np.ndarray) -> np.ndarray:
        """Rows whose substring is one of `values` (b,) uint16."""
        buckets = values.astype(np.int32)
        starts = self._starts[buckets]
        sizes = self._starts[buckets + 1] - starts
        ends = np.cumsum(sizes)
        return self._rows[np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1])]

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + self._starts.nbytes


_SHIFT = 32
_ROW = (1 << _SHIFT) - 1
"""A key is a number of differing bits above a row: sorting keys sorts by both."""


@cache
def _flips(bits: int) -> np.ndarray:
    """All substrings (uint16) with so many bits set."""
    every = np.arange(1 << SUBSTRING, dtype=np.uint16)
    return every[np.bitwise_count(every) == bits]


def _keys(differing: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return (differing.astype(np.int64) << _SHIFT) | rows
