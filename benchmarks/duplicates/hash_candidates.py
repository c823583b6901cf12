"""Pairs of pictures whose hashes nearly agree in one of eight orientations: all pairs, a tile at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

RADIUS = 14
"""Bits of 64. One unrelated pair in 30,000 comes as near in one of eight orientations; the pixel check drops them."""
MOST = 50
"""Nearest candidates of a picture that are looked at: ten thousand pages alike must not become 50 million pairs."""
ROWS, COLUMNS = 64, 8192
"""Hashes compared at a time: their exclusive or (4 MB) stays in the cache."""
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
    rows = columns[0, start : start + ROWS]
    found: list[np.ndarray] = []
    for left in range(start, columns.shape[1], COLUMNS):
        nearest, orientation = _nearest(rows, columns[:, left : left + COLUMNS])
        one, other = np.nonzero(nearest <= RADIUS)
        later = other + left > one + start
        one, other = one[later], other[later]
        found.append(np.stack([one, other + left, orientation[one, other], nearest[one, other]]))
    one, other, orientation, bits = np.concatenate(found, axis=1)
    order = np.lexsort((other, bits, one))
    one = one[order]
    place = np.arange(len(one)) - np.searchsorted(one, one)
    kept = order[place < MOST]
    return Candidates(one[place < MOST] + start, other[kept], orientation[kept])


def _nearest(rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least differing bits of rows (r,) and columns (8, c), and the orientation that has them: both (r, c) uint8."""
    least = np.full((len(rows), columns.shape[1]), 255, dtype=np.uint8)
    orientation = np.zeros_like(least)
    for number, hashes in enumerate(columns):
        bits = np.bitwise_count(rows[:, None] ^ hashes[None])
        nearer = bits < least
        np.copyto(orientation, number, where=nearer, casting="unsafe")
        np.minimum(least, bits, out=least)
    return least, orientation
