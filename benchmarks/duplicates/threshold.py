"""From which score on are two pictures copies? So high that of pictures most alike, few would be merged by mistake.

The false-merge rate is counted over hard negatives: each picture with those that look most like it and are no copies of
it. Over all pairs of a folder it is smaller by orders of magnitude, for most pictures have nothing in common.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.duplicates.links import Link
from benchmarks.search.calibrating import learn_unlabelled
from benchmarks.search.calibration import SURELY
from benchmarks.search.errors import SearchError
from benchmarks.search.searcher import Searcher
from datasets.words import count_of

RATE = 0.001
"""Hard negatives merged by mistake, unless another share is asked for."""
FLOOR = {0.01: 0.24, 0.001: 0.40, 0.0001: 0.50}
"""Least agreement by strictness, set by hand from 500 pairs of photographs of one person (LFW)."""
TAIL = 0.10
"""Agreement from which on the scores of pictures that are no copies fall off exponentially."""


@dataclass(frozen=True)
class Threshold:
    """The least score of copies; `basis` says in words what it rests on."""

    score: float
    basis: str


def floor_of(rate: float) -> float:
    """The threshold that hard negatives of other photographs ask for, whatever the folder: between those of FLOOR."""
    rates = sorted(FLOOR)
    return float(np.interp(math.log(rate), [math.log(each) for each in rates], [FLOOR[each] for each in rates]))


def from_links(links: Sequence[Link], rate: float) -> Threshold:
    """Of the agreement of a folder's own pairs that were compared, most of which are no copies.

    Each picture's best score below the floor is that of a hard negative: what lies above may be a copy. Their number
    falls off exponentially (the tail law of Pickands 1975 with shape 0); the halves of the range below the floor say
    how fast, and the threshold is where the share of pictures is down to `rate`. Never below the floor.
    """
    floor = floor_of(rate)
    middle = (TAIL + floor) / 2
    hardest = hard_negatives(links, floor)
    low = int(np.count_nonzero((hardest >= TAIL) & (hardest < middle)))
    high = int(np.count_nonzero(hardest >= middle))
    rested = (
        f"{count_of(len(hardest), 'most alike pair')} of this folder that {'is' if len(hardest) == 1 else 'are'} none"
    )
    asked = f"at most {rate:.2%} of the most alike pairs that are no copies would be merged"
    if not high or not low:
        return Threshold(floor, f"threshold {floor:.3g}: {asked}, by photographs of one person; {rested} ask no more")
    fall = max(math.log((low + high) / high) / (middle - TAIL), 1e-3)
    share = (low + high) / len(hardest)
    own = TAIL + math.log(max(share / rate, 1)) / fall
    score = min(max(floor, own), 0.95)
    return Threshold(
        score, f"threshold {score:.3g}: {asked}, by the law that {rested} follow and photographs of one person"
    )


def hard_negatives(links: Sequence[Link], floor: float) -> np.ndarray:
    """Each picture's best score below `floor`, (n,)."""
    best: dict[int, float] = {}
    for link in links:
        if link.score < floor:
            for picture in (link.one, link.other):
                best[picture] = max(best.get(picture, 0.0), link.score)
    return np.array(list(best.values()))


def of_searcher(searcher: Searcher, rate: float) -> Threshold:
    """A catalogue method's, by the law that each picture's nearest one follows that is no near-duplicate of it.

    Where nothing can be learned, only pictures that the method cannot tell apart are copies.
    """
    if searcher.composed is None or searcher.indexed.rows is None:
        raise SearchError(
            f"{searcher.spec.id} is no encoder with an index and keeps no rows to compare: name another method with "
            "-m, or none (the default compares local features as well)"
        )
    learned = learn_unlabelled(searcher, rate)
    if learned.threshold is not None:
        return Threshold(learned.threshold, learned.basis)
    score = SURELY[searcher.composed.ann.metric]
    return Threshold(score, f"{learned.basis}: only pictures that {searcher.spec.id} cannot tell apart are grouped")
