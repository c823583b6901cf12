"""The law by which the scores of hard negatives fall off, and how sure it is."""

import math
from dataclasses import dataclass

import numpy as np

TAIL = 0.10
"""Agreement from which on the scores of pictures that are no copies fall off exponentially."""
_SLOWEST = 1e-3
"""A fall that is no fall: the scores between TAIL and the top are as many everywhere."""
_FASTEST = 1e3
_NORMAL = 1.96


@dataclass(frozen=True)
class TailLaw:
    """`share` of hard negatives reach TAIL, and e^(-fall x) of these TAIL + x (Pickands 1975 with shape 0).

    It rests on `seen` scores between TAIL and `top`, of `among` hard negatives that do not reach `top`.
    """

    share: float
    fall: float
    seen: int
    among: int
    top: float

    def score_at(self, rate: float) -> float:
        """The score that `rate` of the hard negatives reach; TAIL at least."""
        return TAIL + math.log(max(self.share / rate, 1.0)) / self.fall

    def rate_at(self, score: float) -> float:
        """The share of hard negatives that reach a score of TAIL or more."""
        return min(self.share * math.exp(-self.fall * (score - TAIL)), 1.0)

    def interval(self, score: float) -> tuple[float, float]:
        """95% interval of `rate_at`, by the information in the scores seen (delta method on its logarithm)."""
        width = self.top - TAIL
        grown = math.exp(min(self.fall * width, 700.0))
        information = 1 / self.fall**2 - width**2 * grown / (grown - 1) ** 2
        reach = score - TAIL - width / max(math.expm1(min(self.fall * width, 700.0)), 1e-9)
        error = math.sqrt((1 + max(reach, 0.0) ** 2 / max(information, 1e-9)) / self.seen)
        rate = self.rate_at(score)
        return rate * math.exp(-_NORMAL * error), min(rate * math.exp(min(_NORMAL * error, 700.0)), 1.0)


def fitted(scores: np.ndarray, among: int, top: float = 1.0) -> TailLaw:
    """The most likely law of `scores` (n,) in [TAIL, top], of `among` hard negatives that do not reach `top`.

    Those that do are not seen: the law says how many they are (maximum likelihood of the truncated exponential).
    Raises ValueError for no score.
    """
    if not len(scores):
        raise ValueError("no scores to fit a law to")
    width = top - TAIL
    mean = float(np.mean(scores)) - TAIL
    low, high = _SLOWEST, _FASTEST
    while high - low > 1e-6 * high:  # the mean falls as the law falls faster
        middle = (low + high) / 2
        low, high = (middle, high) if _mean_excess(middle, width) > mean else (low, middle)
    fall = (low + high) / 2
    reached = len(scores) / -math.expm1(-fall * width)
    return TailLaw(reached / (among + reached - len(scores)), fall, len(scores), among, top)


def _mean_excess(fall: float, width: float) -> float:
    """Mean of an exponential law cut off at `width`."""
    return 1 / fall - width / math.expm1(min(fall * width, 700.0))
