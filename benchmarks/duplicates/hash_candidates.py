"""Pairs of pictures whose hashes nearly agree in one of eight orientations: all pairs, a tile at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

RADIUS = 14
"""Bits of 64. One unrelated pair in 30,000 comes as near in one of eight orientations; the pixel check drops them."""
MOST = 50
"""Nearest candidates of a picture that are looked at: ten thousand pages alike must not become 50 million pairs."""
ROWS, COLUMNS = 64, 4096
"""Hashes compared at a time: their exclusive or (2 MB) stays in the cache."""
THREADS = 2


class Candidates(NamedTuple):
    """Three arrays (p,): picture `one`, picture `other` (always the later one), and how `other` has to be turned."""

    one: np.ndarray
    other: np.ndarray
    orientation: np.ndarray


def hash_candidates(hashes: np.ndarray) -> Iterator[Candidates]:
    """Candidates among pictures with hashes (n, 8) uint64, a few rows of pictures at a time."""
    columns = np.ascontiguousarray(hashes.T)
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(lambda start: _of_rows(columns, start), range(0, len(hashes), ROWS))


def _of_rows(columns: np.ndarray, start: int) -> Candidates:
    """Candidates of the pictures from `start` on: the MOST nearest later ones of each."""
    rows = columns[0, start : start + ROWS, None]
    found = [np.empty((4, 0), dtype=np.int64)]
    for left in range(start, columns.shape[1], COLUMNS):
        one, other, orientation, bits = _near(rows, columns[:, left : left + COLUMNS])
        later = other + left > one + start
        found.append(_nearest(np.stack([one, other + left, orientation, bits])[:, later]))
    one, other, orientation, _ = _nearest(np.concatenate(found, axis=1))
    return Candidates(one + start, other, orientation)


def _near(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Where hashes `rows` (r, 1) and `columns` (8, c) nearly agree: row, column, orientation and bits, (4, m)."""
    differing = np.empty((len(rows), columns.shape[1]), dtype=np.uint64)
    bits = np.empty(differing.shape, dtype=np.uint8)
    found = []
    for orientation, hashes in enumerate(columns):
        np.bitwise_count(np.bitwise_xor(rows, hashes, out=differing), out=bits)
        place = np.flatnonzero(bits <= RADIUS)
        one, other = np.divmod(place, columns.shape[1])
        found.append(np.stack([one, other, np.full(len(place), orientation), bits.ravel()[place]]))
    return np.concatenate(found, axis=1, dtype=np.int64)


def _nearest(found: np.ndarray) -> np.ndarray:
    """Of every pair in (4, m) its best orientation, and of every row its MOST nearest columns, in this order."""
    found = found[:, np.lexsort((found[2], found[3], found[1], found[0]))]
    first = np.ones(found.shape[1], dtype=bool)
    first[1:] = (found[:2, 1:] != found[:2, :-1]).any(axis=0)
    found = found[:, first]
    found = found[:, np.lexsort((found[1], found[3], found[0]))]
    place = np.arange(found.shape[1]) - np.searchsorted(found[0], found[0])
    return found[:, place < MOST]
