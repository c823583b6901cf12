"""Accuracy, query by query: the paired bootstrap of every metric that differs, and which queries flipped.

Values that are equal throughout are the same, whatever a test would say, and take no part in Holm's correction: no
data could have called them different (Tarone, Biometrics 46, 1990).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.gate.finding import Finding, Flips, Verdict
from benchmarks.gate.holm import holm
from benchmarks.gate.rules import Rules
from benchmarks.gate.snapshot import CellRecord
from benchmarks.metrics.statistics import Difference, Interval, paired_difference
from benchmarks.protocol import SEED

_RESAMPLES = 10_000
_RIGHT = 0.5
"""A query counts as answered right from here on: with ties a hit is a probability."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One metric of one cell on both sides, (q,) each over the same queries."""

    record: CellRecord
    metric: str
    base: np.ndarray
    new: np.ndarray
    flips: Flips

    @property
    def differs(self) -> bool:
        """False where every query has the value it had."""
        return not np.array_equal(self.base, self.new, equal_nan=True)


def make_pairs(base: CellRecord, new: CellRecord) -> list[Pair]:
    """Both sides of every metric; flips go with the first."""
    pairs = [Pair(new, name, base.values[name], new.values[name], Flips()) for name in new.values]
    first = pairs[0]
    flips = _flips(new.queries, first.base, first.new)
    return [Pair(new, first.metric, first.base, first.new, flips), *pairs[1:]]


def judge_accuracy(pairs: Sequence[Pair], rules: Rules) -> list[Finding]:
    """A finding for each pair, the family of tests being all pairs that differ."""
    differing = [pair for pair in pairs if pair.differs]
    # The smallest p-value that resampling can give must be able to pass the correction.
    resamples = max(_RESAMPLES, int(2 * len(differing) / rules.alpha))
    differences = [_difference(pair, rules, resamples) for pair in differing]
    adjusted = holm([difference.p for difference in differences])
    tested = {
        id(pair): (difference, float(p)) for pair, difference, p in zip(differing, differences, adjusted, strict=True)
    }
    return [_finding(pair, tested.get(id(pair)), rules) for pair in pairs]


def _difference(pair: Pair, rules: Rules, resamples: int) -> Difference:
    """Change of the mean with the one-sided p-value of its direction; untested (p = 1) within the tolerance."""
    change = float(np.nanmean(pair.new - pair.base))
    if abs(change) <= rules.tolerance:
        return Difference(change, Interval(float("nan"), float("nan")), 1.0)
    two_sided = paired_difference(pair.new, pair.base, resamples=resamples, seed=SEED)
    return two_sided._replace(p=two_sided.p / 2)


def _finding(pair: Pair, tested: tuple[Difference, float] | None, rules: Rules) -> Finding:
    scored = int(np.count_nonzero(~np.isnan(pair.new)))
    verdict, note, low, high, p = Verdict.SAME, "" if scored else "no query has a positive", None, None, None
    if tested is not None:
        difference, p = tested
        verdict, note = _judge(difference.mean, p, rules)
        low, high = (None if np.isnan(end) else end for end in difference.interval)
    return Finding(
        verdict=verdict,
        subject=pair.record.cell.title,
        measure=pair.metric,
        base=float(np.nanmean(pair.base)) if scored else None,
        new=float(np.nanmean(pair.new)) if scored else None,
        low=low,
        high=high,
        p=p,
        queries=scored,
        note=note,
        flips=pair.flips,
    )


def _judge(change: float, p: float, rules: Rules) -> tuple[Verdict, str]:
    if abs(change) <= rules.tolerance:
        return Verdict.SAME, "within the tolerance"
    if p > rules.alpha:
        return Verdict.SAME, "not significant"
    return (Verdict.WORSE if change < 0 else Verdict.BETTER), ""


def _flips(queries: Sequence[str], base: np.ndarray, new: np.ndarray) -> Flips:
    was, is_ = base >= _RIGHT, new >= _RIGHT
    lost, won = (tuple(queries[place] for place in np.flatnonzero(mask).tolist()) for mask in (was & ~is_, is_ & ~was))
    return Flips(lost, won)
