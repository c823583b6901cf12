"""How likely a hit is right, by its score: learned from searches whose right answers are known.

A score alone says little: 0.6 may be sure for one method and chance for another. Of hits whose truth is known, the
share that is right grows with the score; that growth, and nothing else, is assumed (isotonic regression: Zadrozny &
Elkan 2002).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

FEWEST = 200
"""Hits whose truth is known; fewer say little about the rare ones."""
_SURE = 0.995
"""Chance of a picture that the method cannot tell from the query, whose file is another."""
LARGER = 10
"""Times: the larger gallery that is spoken of."""


@dataclass(frozen=True)
class Chance:
    """The chance of a hit at each of some rising `scores`; between them on a straight line."""

    scores: tuple[float, ...]
    chances: tuple[float, ...]
    means: str
    """What is likely: "the same picture"."""
    basis: str
    """What it rests on, in words."""

    def of(self, score: float) -> float:
        """The chance of a hit with this score."""
        return float(np.interp(score, self.scores, self.chances))

    def words(self) -> str:
        """For the reader of an answer."""
        return (
            f"chance: that a hit shows {self.means}; {self.basis}. In a gallery {LARGER} times as large 50% would be "
            f"{in_larger(0.5, LARGER):.0%}, and 99% would be {in_larger(0.99, LARGER):.0%}"
        )

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Chance":
        """The inverse of `to_json`; raises KeyError, TypeError or ValueError for anything else."""
        scores, chances = (tuple(float(number) for number in document[name]) for name in ("scores", "chances"))
        if not scores or len(scores) != len(chances):
            raise ValueError("a chance for each score is needed")
        return cls(scores, chances, str(document["means"]), str(document["basis"]))


def learn(scores: np.ndarray, right: np.ndarray, means: str, basis: str, equal: float | None = None) -> Chance | None:
    """From the scores (n,) of hits and which of them are right (n,) bool; None where there are too few of either kind.

    Half a right hit at the lowest score and half a wrong one at the highest are added: no chance is ever sure.
    `equal` is the score of an equal picture, where there is such a score. It is right, however seldom the hits learned
    from come near it: chances rise from their highest to that one.
    """
    from sklearn.isotonic import IsotonicRegression

    if len(scores) < FEWEST or right.all() or not right.any():
        return None
    order = np.argsort(scores, kind="stable")
    scores, right = scores[order].astype(np.float64), right[order].astype(np.float64)
    weights = np.pad(np.ones(len(scores)), 1, constant_values=0.5)
    added = np.pad(right, 1, constant_values=(1, 0))
    padded = np.pad(scores, 1, mode="edge")
    shares = IsotonicRegression().fit_transform(padded, added, sample_weight=weights)[1:-1]
    # A block of equal shares has its chance from its first score to its last. A line from its middle on would promise
    # too much to the upper half of thousands of wrong hits.
    starts = np.flatnonzero(np.diff(shares, prepend=-1.0))
    ends = np.append(starts[1:], len(shares)) - 1
    places = np.unique(np.concatenate([starts, ends]))
    knots, chances = scores[places], shares[places]
    if equal is not None and equal > scores[-1]:
        knots, chances = np.append(knots, equal), np.append(chances, max(_SURE, chances[-1]))
    return Chance(tuple(knots.tolist()), tuple(chances.tolist()), means, basis)


def in_larger(chance: float, times: float) -> float:
    """What a chance becomes in a gallery `times` as large: at every score so many times as many hits are wrong."""
    return chance / (chance + times * (1 - chance))


def calibration_error(chances: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """The expected calibration error of chances (n,), given which hits are right (n,) bool (Guo et al. 2017).

    Over `bins` equal ranges of chance, the mean gap between the chance that was said and the share that was right,
    weighed by hits.
    """
    bin_of = np.minimum((chances * bins).astype(int), bins - 1)
    said, true = (np.bincount(bin_of, values, minlength=bins) for values in (chances, right.astype(float)))
    return float(np.abs(said - true).sum() / len(chances))
