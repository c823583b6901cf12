"""Exact Hamming search that looks at few codes: multi-index hashing (Norouzi, Punjani & Fleet, CVPR 2012, TPAMI 2014).

Codes are cut into m substrings of 16 bits, each with a table of its own. A code that differs from the query in at most
m * r + j bits must agree with it, but for r bits, in one of the first j + 1 substrings, or but for r - 1 bits in one of
the others. So tables are looked up at rising radius until the k nearest are certain. That is sub-linear where near
codes exist; where they do not, buckets soon cost more than codes, and the rest is a scan.
"""

from functools import cache

import numpy as np

from methods.distances import Metric

SUBSTRING = 16
"""Bits of a substring; a table has 2 ** 16 buckets."""

WORD = 8
"""Bytes of a machine word."""

SCAN_SHARE = 1 / 32
"""Buckets and codes looked at, as a share of the gallery, beyond which a scan is cheaper."""

LEAST = 1 << 18
"""Fewer codes are scanned sooner than a handful of look-ups is made."""

SAMPLE = 1 << 16
"""Codes by which a scan guesses how far the k-th is."""


class MultiIndexHashing:
    """Scores are minus the number of differing bits; of equal scores the lower row goes first, at the cut too.

    So ids and scores are those of HammingIndex, whatever the codes.
    """

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._words = np.empty((0, 0), dtype=np.uint64)
        self._tables: list[_Table] = []

    def add(self, vectors: np.ndarray) -> None:
        """Build over packed codes (n, bytes) uint8, padded with zero bits to whole substrings and words."""
        self._words = np.ascontiguousarray(_padded(vectors, WORD).view(np.uint64).T)
        self._tables = [_Table(values) for values in _padded(vectors, SUBSTRING // 8).view(np.uint16).T]

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        k = min(k, self._words.shape[1])
        ids = np.empty((len(vectors), k), dtype=np.int32)
        scores = np.empty((len(vectors), k), dtype=np.float32)
        if k:
            words = _padded(vectors, WORD).view(np.uint64)
            substrings = _padded(vectors, SUBSTRING // 8).view(np.uint16)
            for place in range(len(vectors)):
                nearest = self._nearest(words[place], substrings[place], k)
                ids[place], scores[place] = nearest & _ROW, -(nearest >> _SHIFT)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and of the tables."""
        return self._words.nbytes + sum(table.nbytes for table in self._tables)

    def _nearest(self, words: np.ndarray, substrings: np.ndarray, k: int) -> np.ndarray:
        """Keys (k,) of the nearest codes, by number of differing bits, then by row."""
        if self._words.shape[1] < LEAST:
            return self._scan(words, k)
        found = np.empty(0, dtype=np.int64)
        work, affordable = 0, SCAN_SHARE * self._words.shape[1]
        for radius in range(SUBSTRING + 1):
            flips = _flips(radius)
            for place, (table, substring) in enumerate(zip(self._tables, substrings, strict=True)):
                rows = table.rows_at(flips ^ substring)
                work += len(flips) + len(rows)
                if work > affordable:
                    return self._scan(words, k)
                found = np.concatenate([found, _keys(_differing(self._words.take(rows, axis=1), words), rows)])
                certain = len(self._tables) * radius + place
                near = np.unique(found[found < (certain + 1) << _SHIFT])  # a code may be in several buckets
                if len(near) >= k:
                    return near[:k]
        return self._scan(words, k)

    def _scan(self, words: np.ndarray, k: int) -> np.ndarray:
        """The same by looking at every code."""
        differing = _differing(self._words, words)
        # The k nearest of some codes bound the distance of the k nearest of all.
        bound = np.searchsorted(np.cumsum(np.bincount(differing[: max(k, SAMPLE)])), k)
        rows = np.flatnonzero(differing <= bound)
        return np.sort(_keys(differing[rows], rows))[:k]


class _Table:
    """Rows by the value of one substring: those of value v are `_rows[_starts[v] : _starts[v + 1]]`."""

    def __init__(self, values: np.ndarray) -> None:
        self._rows = np.argsort(values, kind="stable").astype(np.int32)
        counts = np.bincount(values, minlength=1 << SUBSTRING)
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

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


def _differing(columns: np.ndarray, words: np.ndarray) -> np.ndarray:
    """Differing bits (n,) of codes held as columns of words (w, n) against one query's words (w,)."""
    counts = np.bitwise_count(columns[0] ^ words[0])
    if len(words) == 1:
        return counts
    rest = (np.bitwise_count(column ^ word) for column, word in zip(columns[1:], words[1:], strict=True))
    return sum(rest, counts.astype(np.int32))


def _padded(codes: np.ndarray, size: int) -> np.ndarray:
    """Codes (n, bytes) uint8 with zero bytes added up to a multiple of `size`."""
    if codes.dtype != np.uint8 or codes.ndim != 2:
        raise ValueError(f"Hamming search needs packed (n, bytes) uint8 codes, not {codes.shape} {codes.dtype}")
    return np.ascontiguousarray(np.pad(codes, ((0, 0), (0, -codes.shape[1] % size))))
