"""Which of a folder's own pictures that a method finds alike are copies of each other: pixels decide."""

import numpy as np

from benchmarks.search.gallery import Gallery
from datasets.imageset import Image
from methods.duplicates.pixel_check import PixelCheck

BATCH = 12
"""Pairs that are compared at once; a batch without a copy is the last one."""
MOST = 120
"""Pairs that are compared at most, two or three seconds of one core. In a folder of 500 photographs and 600 copies
(docs/measurements/among-copies.md) no more are asked for; half as many double the error of the chances there."""
Pair = tuple[int, int]


def pixel_check(gallery: Gallery, ids: np.ndarray) -> PixelCheck:
    """A check of pictures by their positions in `ids`."""

    def read(position: int) -> Image:
        id = int(ids[position])
        return gallery.decode(gallery.read(id), id)

    return PixelCheck(read)


def own_copies(check: PixelCheck, scores: dict[Pair, float]) -> set[Pair]:
    """Of pairs of positions with their scores, those that are copies: the most alike are compared first.

    The less alike pairs are, the fewer of them are copies: where none of BATCH is one, those that follow are taken for
    unrelated. So a folder without copies costs one batch.
    """
    order = sorted(scores, key=lambda pair: (-scores[pair], pair))[:MOST]
    found: set[Pair] = set()
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        copies = {pair for pair, same in zip(batch, check.copies(batch), strict=True) if same}
        if not copies:
            break
        found |= copies
    return found


def ordered(one: int, other: int) -> Pair:
    """A pair of positions as it is named here: the lower one first."""
    return (min(one, other), max(one, other))
