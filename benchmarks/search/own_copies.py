"""Which of a folder's own pictures that a method finds alike are copies of each other: pixels decide."""

from collections.abc import Mapping

import numpy as np

from benchmarks.search.gallery import Gallery
from datasets.imageset import Image
from methods.duplicates.pixel_check import PixelCheck

BATCH = 12
"""Pairs that are compared at once; a batch without a copy is the last one."""
MOST = 240
"""Pairs that are compared at most: a third of a second of one core with hashes, two where copies need features."""
WORTH = 4
"""Pairs whose features are compared for each copy that they find."""
Pair = tuple[int, int]


def pixel_check(gallery: Gallery, ids: np.ndarray, thumbnails: Mapping[int, np.ndarray]) -> PixelCheck:
    """A check of pictures by their positions in `ids`; `thumbnails` are those that are known, by position."""

    def read(position: int) -> Image:
        id = int(ids[position])
        return gallery.decode(gallery.read(id), id)

    return PixelCheck(read, thumbnails)


def own_copies(check: PixelCheck, scores: dict[Pair, float]) -> set[Pair]:
    """Of pairs of positions with their scores, those that are copies: the most alike are compared first.

    The less alike pairs are, the fewer of them are copies: where none of BATCH is one, those that follow are taken for
    unrelated. So a folder without copies costs one batch. Features, which take most of the time, are compared of the
    first BATCH pairs that thumbnails leave open, and then as long as they find a copy in WORTH.
    """
    order = sorted(scores, key=lambda pair: (-scores[pair], pair))[:MOST]
    found: set[Pair] = set()
    to_spend = BATCH
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        copies = _those(batch, check.plain_copies(batch))
        open_ = [pair for pair in batch if pair not in copies][: max(to_spend, 0)]
        by_features = _those(open_, check.copies(open_))
        to_spend += WORTH * len(by_features) - len(open_)
        copies |= by_features
        if not copies:
            break
        found |= copies
    return found


def _those(pairs: list[Pair], verdicts: list[bool]) -> set[Pair]:
    return {pair for pair, same in zip(pairs, verdicts, strict=True) if same}


def ordered(one: int, other: int) -> Pair:
    """A pair of positions as it is named here: the lower one first."""
    return (min(one, other), max(one, other))
