"""The default way to find copies: near hashes and shared local features propose pairs, pixels decide."""

from collections.abc import Iterator

import numpy as np

from benchmarks.duplicates.agreement import agreement, cells
from benchmarks.duplicates.frames import ORIENTATIONS, turned
from benchmarks.duplicates.hash_candidates import hash_candidates
from benchmarks.duplicates.links import Link, best_links
from benchmarks.duplicates.local_candidates import local_links
from benchmarks.duplicates.stored import Stored
from benchmarks.search.gallery import Advance

SURE = 0.9
"""Agreement of two whole frames from which on their local features need not be compared."""


def copy_links(pictures: Stored, local: bool, advance: Advance) -> list[Link]:
    """Every pair that the hashes, and with `local` the features, propose, with the share of pixels that agree.

    The better of both checks counts. Best pairs first.
    """
    links = best_links(_frame_links(pictures, advance))
    if local:
        sure = {(link.one, link.other) for link in links if link.score >= SURE}
        total = len(pictures)
        found = local_links(
            pictures, lambda one, other: (one, other) in sure, lambda done: advance("comparing features", done, total)
        )
        links = best_links([*links, *found])
    return [link for link in links if link.score > 0]


def _frame_links(pictures: Stored, advance: Advance) -> Iterator[Link]:
    """Pairs whose hashes are near, by the agreement of their whole frames."""
    for candidates in hash_candidates(pictures.hashes()):
        for one, other, orientation in zip(*(column.tolist() for column in candidates), strict=True):
            laid = turned(pictures.thumbnail(other), orientation)
            found = agreement(pictures.thumbnail(one), laid)
            if found.share > 0:
                back = _turned_back(found.same, orientation)
                yield Link(one, other, found.share, (cells(found.same), cells(back)))
        advance("comparing hashes", 1, None)


def _turned_back(square: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `turned`."""
    if orientation >= ORIENTATIONS // 2:
        return np.rot90(np.fliplr(square), -(orientation % 4))
    return np.rot90(square, -orientation)
