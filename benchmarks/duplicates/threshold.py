"""From which score on are two pictures copies? So high that of pictures most alike, few would be merged by mistake.

The false-merge rate is counted over hard negatives: each picture with those that look most like it and are no copies of
it. Over all pairs of a folder it is smaller by orders of magnitude, for most pictures have nothing in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.duplicates.links import Link
from benchmarks.duplicates.tail import TAIL, TailLaw, fitted
from benchmarks.search.calibrating import learn_unlabelled
from benchmarks.search.calibration import SURELY
from benchmarks.search.errors import SearchError
from benchmarks.search.searcher import Searcher
from datasets.words import count_of, score_text

RATE = 0.001
"""Hard negatives merged by mistake, unless another share is asked for."""
ONE_PERSON = TailLaw(share=0.1134, fall=15.46, seen=286, among=2522, top=1.0)
"""Of pairs of photographs of one person (LFW), by tests/perf/hard_negatives.py: its share at 0.1% was 1 of 2,411 pairs
of other people."""
PERHAPS = 0.25
"""Agreement from which on two pictures may be copies: neither is counted among hard negatives."""
FEWEST = 50
"""Hard negatives that reach TAIL; fewer do not say how fast their number falls off."""
HIGHEST = 0.95


@dataclass(frozen=True)
class Threshold:
    """The least score of copies; `basis` says in words what it rests on."""

    score: float
    basis: str


def from_links(links: Sequence[Link], pictures: int, rate: float) -> Threshold:
    """Of the agreement of a folder's own pairs that were compared, most of which are no copies.

    Two laws say which score the share `rate` of hard negatives reaches: that of photographs of one person, and that of
    this folder's own `pictures`; the higher one counts.
    """
    hardest, unlinked = hard_negatives(links, pictures)
    alike = hardest[hardest >= TAIL]
    person = ONE_PERSON.score_at(rate)
    rested = f"{ONE_PERSON.among:,} pairs of photographs of one person"
    if len(alike) < FEWEST:
        said = (
            f"; this folder has {count_of(len(alike), 'alike pair')} that {'is' if len(alike) == 1 else 'are'} no "
            f"copies, too few of its own to learn from ({FEWEST} are needed)"
        )
        return Threshold(person, _words(person, ONE_PERSON, rate, rested) + said)
    own = fitted(alike, unlinked, PERHAPS)
    score = min(own.score_at(rate), HIGHEST)
    mine = f"{count_of(len(alike), 'alike pair')} of this folder"
    if score <= person:
        return Threshold(person, _words(person, ONE_PERSON, rate, rested) + f"; {mine} that are none ask no more")
    return Threshold(score, _words(score, own, rate, f"{mine} that are none") + f", more than {rested} ask for")


def _words(score: float, law: TailLaw, rate: float, rested: str) -> str:
    low, high = law.interval(score)
    return (
        f"threshold {score_text(score, 3)}: about {rate:.2%} of the most alike pairs that are no copies would be "
        f"merged (95% interval {low:.2%} to {high:.2%}), by {rested}"
    )


def hard_negatives(links: Sequence[Link], pictures: int) -> tuple[np.ndarray, int]:
    """Of each picture without a link of PERHAPS or more its best score with another such, (n,), and how many they are.

    A copy that is hard to recognise agrees little with its original but more with another copy, so that neither takes
    part: copies are not counted as strangers.
    """
    linked = {picture for link in links if link.score >= PERHAPS for picture in (link.one, link.other)}
    best: dict[int, float] = {}
    for link in links:
        if link.one not in linked and link.other not in linked:
            for picture in (link.one, link.other):
                best[picture] = max(best.get(picture, 0.0), link.score)
    return np.array(list(best.values())), pictures - len(linked)


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
