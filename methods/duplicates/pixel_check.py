"""Are two pictures of a set copies of each other? By their pixels, once one has been laid upon the other.

Their thumbnails are compared first, then what their local features lay upon each other, as they are and in a mirror. A
copy that was edited too much to be recognised may still agree with another copy of the same picture.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from datasets.errors import ImageError
from datasets.imageset import Image
from datasets.records import THREADS
from methods.duplicates.agreement import mirrored_cells
from methods.duplicates.alignment import align
from methods.duplicates.local_rows import LOCAL, LocalEncoder, LocalPicture, local_picture, mirrored
from methods.duplicates.records import unpacked
from methods.duplicates.same_picture import either_way, is_flat, thumbnail

AGREE = 0.4
"""Share of textured pixels that agree, from which on two pictures are copies: 1 in 1,000 pairs of photographs of one
person reaches it (docs/measurements/duplicates.md)."""
EVERYWHERE = 2**64 - 1
SAME_PART = 0.5
"""Of the smaller of two parts of a picture, at least so much is common to both where they are the same part."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What is kept of a picture, some 60 kB."""

    thumbnail: np.ndarray
    local: LocalPicture


@dataclass(frozen=True)
class Found:
    """That two pictures are copies, and in which cells (see `agreement.cells`) of either the other one is."""

    cells: tuple[int, int]


class PixelCheck:
    """Remembers what it has looked at; `read` gives the picture of a number, or raises ImageError."""

    def __init__(self, read: Callable[[int], Image]) -> None:
        self._read = read
        self._encoder = LocalEncoder()
        self._looked: dict[int, Looked | None] = {}
        self._found: dict[tuple[int, int], Found | None] = {}
        self._copies: dict[int, dict[int, Found]] = {}

    def copies(self, pairs: Sequence[tuple[int, int]]) -> list[bool]:
        """Whether each pair of numbers shows one picture. Flat pictures, and those that cannot be read, have no copies.

        Two that do not agree are copies where each agrees with the same part of a third, as far as that was found
        before.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            self._look([number for pair in pairs for number in pair], pool)
            self._compare(pairs, pool)
            open_ = [pair for pair in pairs if not self._direct(*pair)]
            # A third that agrees with the one may not have been compared with the other yet.
            thirds = [(third, other) for one, other in open_ for third in self._copies.get(one, ())]
            self._compare([pair for pair in thirds if pair[0] != pair[1]], pool)
        return [self._direct(*pair) is not None or self._by_third(*pair) for pair in pairs]

    def _look(self, numbers: Sequence[int], pool: ThreadPoolExecutor) -> None:
        new = [number for number in dict.fromkeys(numbers) if number not in self._looked]
        self._looked.update(zip(new, pool.map(self._one, new), strict=True))

    def _one(self, number: int) -> Looked | None:
        try:
            image = self._read(number)
        except ImageError:
            return None
        small = thumbnail(image)
        if is_flat(small[None])[0]:
            return None
        return Looked(small, local_picture(unpacked(self._encoder.encode([image])[0], LOCAL)))

    def _compare(self, pairs: Sequence[tuple[int, int]], pool: ThreadPoolExecutor) -> None:
        new = [pair for pair in dict.fromkeys(map(_ordered, pairs)) if pair not in self._found]
        for (one, other), found in zip(new, pool.map(lambda pair: self._judged(*pair), new), strict=True):
            self._found[one, other] = found
            if found:
                self._copies.setdefault(one, {})[other] = found
                self._copies.setdefault(other, {})[one] = Found(found.cells[::-1])

    def _judged(self, one: int, other: int) -> Found | None:
        left, right = self._looked.get(one), self._looked.get(other)
        return None if left is None or right is None else compared(left, right)

    def _direct(self, one: int, other: int) -> Found | None:
        return self._copies.get(one, {}).get(other)

    def _by_third(self, one: int, other: int) -> bool:
        ours, theirs = self._copies.get(one, {}), self._copies.get(other, {})
        return any(same_part(ours[third].cells[1], theirs[third].cells[1]) for third in ours.keys() & theirs.keys())


def compared(one: Looked, other: Looked) -> Found | None:
    """Where two pictures show the same; None where they are no copies."""
    if either_way(one.thumbnail, other.thumbnail).same:
        return Found((EVERYWHERE, EVERYWHERE))
    found = align(one.local, other.local)
    if found.share >= AGREE:
        return Found(found.cells)
    found = align(mirrored(one.local), other.local)
    return Found((mirrored_cells(found.cells[0]), found.cells[1])) if found.share >= AGREE else None


def same_part(one: int, other: int) -> bool:
    """Whether two sets of cells of one picture are the same part of it: two pictures of a collage are not."""
    smaller = min(one.bit_count(), other.bit_count())
    return smaller > 0 and (one & other).bit_count() >= SAME_PART * smaller


def _ordered(pair: tuple[int, int]) -> tuple[int, int]:
    return (min(pair), max(pair))
