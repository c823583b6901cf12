"""Are two pictures of a set copies of each other? By their pixels, once one has been laid upon the other.

Their thumbnails are compared first, which tells most copies for a tenth of the time; of pairs that these leave open,
what their local features lay upon each other, as they are and in a mirror. A copy that was edited too much to be
recognised may still agree with another copy of the same picture.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from datasets.errors import ImageError
from datasets.imageset import Image
from datasets.records import THREADS
from methods.duplicates.agreement import agreement, cells, mirrored_cells
from methods.duplicates.alignment import align
from methods.duplicates.local_rows import LOCAL, SIDE, LocalEncoder, LocalPicture, local_picture, mirrored
from methods.duplicates.records import unpacked
from methods.duplicates.same_picture import ROUGHLY, either_way, is_flat, rough_rows, thumbnail

AGREE = 0.4
"""Share of textured pixels that agree, from which on two pictures are copies: 1 in 1,000 pairs of photographs of one
person reaches it (docs/measurements/duplicates.md)."""
FRAMES_AGREE = 0.55
"""The same of whole thumbnails: none of 4,932 pairs of photographs of one person (LFW) reaches 0.49."""
EVERYWHERE = 2**64 - 1
SAME_PART = 0.5
"""Of the smaller of two parts of a picture, at least so much is common to both where they are the same part."""
Pair = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """That two pictures are copies, and in which cells (see `agreement.cells`) of either the other one is."""

    cells: tuple[int, int]


class PixelCheck:
    """Remembers what it has looked at; `read` gives the picture of a number, or raises ImageError."""

    def __init__(self, read: Callable[[int], Image], thumbnails: Mapping[int, np.ndarray] | None = None) -> None:
        """`thumbnails` (see `same_picture`) are those of pictures that were looked at before."""
        self._read = read
        self._encoder = LocalEncoder()
        self._thumbnails: dict[int, np.ndarray | None] = dict(thumbnails or {})
        self._local: dict[int, LocalPicture | None] = {}
        self._by_thumbnails: set[Pair] = set()
        self._by_features: set[Pair] = set()
        self._copies: dict[int, dict[int, Found]] = {}

    def plain_copies(self, pairs: Sequence[Pair]) -> list[bool]:
        """Whether thumbnails, or what was found before, show each pair of numbers to be one picture.

        Flat pictures, and those that cannot be read, have no copies.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            self._compare_thumbnails(pairs, pool)
        return [self._direct(*pair) is not None for pair in pairs]

    def copies(self, pairs: Sequence[Pair]) -> list[bool]:
        """Whether each pair of numbers shows one picture, by local features where thumbnails do not tell.

        Two that do not agree are copies where each agrees with the same part of a third, as far as that was found
        before.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            self._compare(pairs, pool)
            open_ = [pair for pair in pairs if not self._direct(*pair)]
            # A third that agrees with the one may not have been compared with the other yet.
            thirds = [(third, other) for one, other in open_ for third in self._copies.get(one, ())]
            self._compare([pair for pair in thirds if pair[0] != pair[1]], pool)
        return [self._direct(*pair) is not None or self._by_third(*pair) for pair in pairs]

    def _compare(self, pairs: Sequence[Pair], pool: ThreadPoolExecutor) -> None:
        self._compare_thumbnails(pairs, pool)
        open_ = [pair for pair in pairs if not self._direct(*pair)]
        new = _first_time(open_, self._by_features)
        numbers = [number for number in _numbers(new) if number not in self._local]
        self._local.update(zip(numbers, pool.map(self._features, numbers), strict=True))
        self._settle(new, pool.map(lambda pair: by_features(self._local[pair[0]], self._local[pair[1]]), new))

    def _compare_thumbnails(self, pairs: Sequence[Pair], pool: ThreadPoolExecutor) -> None:
        new = _first_time(pairs, self._by_thumbnails)
        numbers = [number for number in _numbers(new) if number not in self._thumbnails]
        self._thumbnails.update(zip(numbers, pool.map(self._thumbnail, numbers), strict=True))
        self._settle(
            new, pool.map(lambda pair: by_thumbnails(self._thumbnails[pair[0]], self._thumbnails[pair[1]]), new)
        )

    def _thumbnail(self, number: int) -> np.ndarray | None:
        """None where the picture cannot be read, or shows nothing."""
        try:
            found = thumbnail(self._read(number))
        except ImageError:
            return None
        return None if is_flat(found[None])[0] else found

    def _features(self, number: int) -> LocalPicture | None:
        """None where its thumbnail is, or where the picture has gone since."""
        if self._thumbnails[number] is None:
            return None
        try:
            image = self._read(number)
        except ImageError:
            return None
        return local_picture(unpacked(self._encoder.encode([_small(image)])[0], LOCAL))

    def _settle(self, pairs: Sequence[Pair], found: Iterable[Found | None]) -> None:
        for (one, other), what in zip(pairs, found, strict=True):
            if what:
                self._copies.setdefault(one, {})[other] = what
                self._copies.setdefault(other, {})[one] = Found(what.cells[::-1])

    def _direct(self, one: int, other: int) -> Found | None:
        return self._copies.get(one, {}).get(other)

    def _by_third(self, one: int, other: int) -> bool:
        ours, theirs = self._copies.get(one, {}), self._copies.get(other, {})
        return any(same_part(ours[third].cells[1], theirs[third].cells[1]) for third in ours.keys() & theirs.keys())


def by_thumbnails(one: np.ndarray | None, other: np.ndarray | None) -> Found | None:
    """Where two thumbnails (see `same_picture`) show the same; None where they do not tell, or one is missing."""
    if one is None or other is None:
        return None
    frames = agreement(one, other)
    if frames.share >= FRAMES_AGREE:
        part = cells(frames.same)
        return Found((part, part))
    left, right = rough_rows(np.stack([one, other]))
    if left @ right < ROUGHLY or not either_way(one, other).same:
        return None
    return Found((EVERYWHERE, EVERYWHERE))


def by_features(one: LocalPicture | None, other: LocalPicture | None) -> Found | None:
    """Where two pictures show the same; None where they are no copies, or one is missing."""
    if one is None or other is None:
        return None
    found = align(one, other)
    if found.share >= AGREE:
        return Found(found.cells)
    found = align(mirrored(one), other)
    return Found((mirrored_cells(found.cells[0]), found.cells[1])) if found.share >= AGREE else None


def same_part(one: int, other: int) -> bool:
    """Whether two sets of cells of one picture are the same part of it: two pictures of a collage are not."""
    smaller = min(one.bit_count(), other.bit_count())
    return smaller > 0 and (one & other).bit_count() >= SAME_PART * smaller


def _first_time(pairs: Sequence[Pair], compared: set[Pair]) -> list[Pair]:
    """Of these pairs, the lower number first, those that are not among `compared` yet; then they are."""
    new = [pair for pair in dict.fromkeys((min(pair), max(pair)) for pair in pairs) if pair not in compared]
    compared.update(new)
    return new


def _numbers(pairs: Sequence[Pair]) -> list[int]:
    return list(dict.fromkeys(number for pair in pairs for number in pair))


def _small(image: Image) -> Image:
    """The picture at the size at which pictures are laid upon each other: features of a larger one take twice the time
    or more, and find 1 copy in 100 more."""
    import cv2

    scale = SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
