"""In how many bits packed codes differ from one query's, and which differ least."""

from collections.abc import Iterator

import numpy as np

from methods.indexes.row_parts import RowParts

WORD = 8
"""Bytes of a machine word."""

PIECE = 1 << 20
"""Bytes of codes that are compared at a time: their exclusive or stays in the cache until it is counted."""

SAMPLE_SHARE = 16
"""One code in so many is looked at to bound how far the k-th nearest is."""


class DifferingBits:
    """Counts differing bits of packed codes (n, bytes) uint8, a 64-bit word at a time."""

    def __init__(self, codes: np.ndarray) -> None:
        self._columns = np.ascontiguousarray(as_words(codes).T)
        self._parts = RowParts(len(codes), self._columns.nbytes, PIECE)
        # 255 is the most that a byte holds.
        self._count = np.dtype(np.uint8 if 8 * codes.shape[1] < 256 else np.uint16)

    def __len__(self) -> int:
        return self._columns.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of the codes, padded to whole words."""
        return self._columns.nbytes

    def of_all(self, words: np.ndarray) -> np.ndarray:
        """Between one query's words (w,) uint64 and every code: (n,) unsigned integers."""
        counts = np.empty(len(self), dtype=self._count)

        def fill(start: int, stop: int) -> None:
            self._fill(words, self._columns[:, start:stop], counts[start:stop])

        self._parts.run(fill)
        return counts

    def of_each(self, queries: np.ndarray) -> Iterator[np.ndarray]:
        """`of_all` of each query's words (q, w); the array yielded is filled anew for the next.

        Where one thread does all of it, room is taken once: taking it anew costs as much as comparing 10,000 codes.
        """
        if not self._parts.is_whole:
            yield from map(self.of_all, queries)
            return
        counts, room = np.empty(len(self), dtype=self._count), np.empty(len(self), dtype=np.uint64)
        for words in queries:
            self._fill(words, self._columns, counts, room)
            yield counts

    def of_rows(self, words: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Between one query's words (w,) uint64 and the codes of `rows` (m,): (m,) unsigned integers."""
        counts = np.empty(len(rows), dtype=self._count)
        self._fill(words, self._columns.take(rows, axis=1), counts)
        return counts

    def _fill(self, words: np.ndarray, columns: np.ndarray, counts: np.ndarray, room: np.ndarray | None = None) -> None:
        differing = np.bitwise_xor(columns[0], words[0], out=room)
        np.bitwise_count(differing, out=counts)
        for column, word in zip(columns[1:], words[1:], strict=True):
            counts += np.bitwise_count(np.bitwise_xor(column, word, out=differing))


def least(differing: np.ndarray, k: int) -> np.ndarray:
    """Rows (k,) of the smallest of `differing` (n,), smallest first; of equal ones the lower row goes first."""
    if SAMPLE_SHARE * k >= len(differing):
        return np.argsort(differing, kind="stable")[:k]
    # The k least of some codes bound the k-th least of all.
    bound = np.partition(differing[::SAMPLE_SHARE], k - 1)[k - 1]
    rows = (differing <= bound).nonzero()[0]
    return rows[differing[rows].argsort(kind="stable")[:k]]


def as_words(codes: np.ndarray) -> np.ndarray:
    """Codes (n, bytes) uint8 as (n, ceil(bytes / 8)) uint64, padded with zero bits. Raises ValueError for any other."""
    return padded(codes, WORD).view(np.uint64)


def padded(codes: np.ndarray, size: int) -> np.ndarray:
    """Codes (n, bytes) uint8 with zero bytes added up to a multiple of `size`. Raises ValueError for any other."""
    if codes.dtype != np.uint8 or codes.ndim != 2:
        raise ValueError(f"Hamming search needs packed (n, bytes) uint8 codes, not {codes.shape} {codes.dtype}")
    more = -codes.shape[1] % size
    # np.pad takes longer than a query among ten thousand codes.
    return np.ascontiguousarray(np.pad(codes, ((0, 0), (0, more))) if more else codes)
