"""The nearest unrelated picture of each of some pictures of a folder: what pixels show to be a copy is left out.

A method's scores alone do not tell a hard edited copy from a picture of the same person. They say which neighbours
stand out, and pixels say which of these are copies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.search.calibration import Likeness, distances_of, near_duplicates
from benchmarks.search.own_copies import ordered
from benchmarks.search.spacing import FAR, NEAR, dimension, standing_out
from methods.duplicates.pixel_check import PixelCheck

DEEP = FAR[1]
"""Neighbours of a picture that are looked at."""
MOST_PAIRS = 240
"""That pixels are asked about, at most: one to three seconds of one core, and still 30 pictures where all stand out."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The others that a picture at `position` found, best first."""

    position: int
    others: np.ndarray
    """(k,) positions; at least one."""
    scores: np.ndarray
    """(k,)"""
    metric: Likeness

    @cached_property
    def distances(self) -> np.ndarray:
        """(k,), nearest first."""
        return distances_of(self.scores, self.metric)

    @cached_property
    def surely(self) -> int:
        """How many of the nearest are near-duplicates."""
        return near_duplicates(self.distances[:NEAR])


def nearest_unrelated(found: Sequence[Neighbours], check: PixelCheck | None = None) -> np.ndarray:
    """The score of each one's nearest that is no copy of it, (n,); with a `check` of positions pixels tell which are.

    Where pixels would have to be asked about more than MOST_PAIRS, those of some of the pictures are returned alone,
    drawn whether or not anything stands out among their neighbours.
    """
    to_ask: dict[int, list[tuple[int, int]]] = {}
    shape = None if check is None else dimension([each.distances for each in found])
    drawn = list(range(len(found)))
    if check is not None and shape is not None:
        step = _step(found)
        drawn = np.random.default_rng(0).permutation(len(found)).tolist()
        asked = 0
        for place, number in enumerate(drawn):
            each = found[number]
            standing = each.others[each.surely : standing_out(each.distances, shape, step)].tolist()
            if asked + len(standing) > MOST_PAIRS:
                drawn = drawn[:place]
                break
            asked += len(standing)
            to_ask[number] = [ordered(each.position, other) for other in standing]
    pairs = sorted({pair for some in to_ask.values() for pair in some})
    verdicts = check.copies(pairs) if check is not None and pairs else []
    copies = {pair for pair, same in zip(pairs, verdicts, strict=True) if same}
    return np.array([_first(found[number], to_ask.get(number, ()), copies) for number in sorted(drawn)])


def _first(found: Neighbours, asked: Sequence[tuple[int, int]], copies: set[tuple[int, int]]) -> float:
    """The score of the first that is neither a near-duplicate nor among those asked about and found to be copies."""
    place = found.surely
    for pair in asked:
        if pair not in copies:
            break
        place += 1
    return float(found.scores[min(place, len(found.scores) - 1)])


def _step(found: Sequence[Neighbours]) -> float:
    """The least difference of two distances that are counts; 0 for any others."""
    if not found or found[0].metric != "hamming":
        return 0.0
    return float(np.diff(np.unique(np.concatenate([each.distances for each in found]))).min(initial=1.0))
