"""Accuracy, query by query: the paired bootstrap of every metric that differs, and which queries flipped.

A cell of a smoke run has some fifty queries, too few to show that one hit in twenty is lost; so each method's queries
are also judged together, over all data sets. Cells and methods are two families of tests, which share the chance of a
false alarm in halves: the few tests of methods are not diluted by the many of cells.

Values that are equal throughout are the same, whatever a test would say, and take no part in Holm's correction: no
data could have called them different (Tarone, Biometrics 46, 1990).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.tasking.registry import Tasks, own_tasks
from benchmarks.gate.finding import Finding, Flips, Verdict
from benchmarks.gate.rules import Rules, holm
from benchmarks.gate.snapshot import CellRecord
from benchmarks.metrics.statistics import Difference, Interval, one_sided_difference
from benchmarks.protocol import SEED

_RESAMPLES = 10_000
_RIGHT = 0.5
"""A query counts as answered right from here on: with ties a hit is a probability."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One metric on both sides, (q,) each over the same queries."""

    subject: str
    metric: str
    base: np.ndarray
    new: np.ndarray
    flips: Flips
    cell: Cell | None = None
    """None for several together."""

    @property
    def differs(self) -> bool:
        """False where every query has the value it had."""
        return not np.array_equal(self.base, self.new, equal_nan=True)


def make_pairs(base: CellRecord, new: CellRecord) -> list[Pair]:
    """Both sides of every metric; flips go with the first."""
    first = next(iter(new.values))
    flips = _flips(new.queries, base.values[first], new.values[first])
    return [
        Pair(new.subject, name, base.values[name], new.values[name], flips if name == first else Flips(), new.cell)
        for name in new.values
    ]


def pool(cells: Sequence[tuple[CellRecord, CellRecord]], tasks: Tasks | None = None) -> list[Pair]:
    """Each metric of each method over all queries of tasks that are pooled, where several such cells have it.

    Left out are tasks whose queries another asks once more (`Task.is_pooled`): they are no further evidence.
    """
    by_method: dict[tuple[str, str], list[tuple[CellRecord, CellRecord]]] = {}
    known = tasks or own_tasks()
    for base, new in cells:
        if new.cell.task in known and known.get(new.cell.task).is_pooled:
            by_method.setdefault((new.cell.method, new.cell.device), []).append((base, new))
    pairs = []
    for (method, device), members in by_method.items():
        where = "" if device == "cpu" else f" ({device})"
        for name in dict.fromkeys(name for _, new in members for name in new.values):
            having = [pair for pair in members if name in pair[1].values]
            if len(having) > 1:
                was, is_ = (
                    np.concatenate([record.values[name] for record in side]) for side in zip(*having, strict=True)
                )
                pairs.append(Pair(f"{method}{where}, all its queries together", name, was, is_, Flips()))
    return pairs


def judge_accuracy(families: Sequence[Sequence[Pair]], rules: Rules) -> list[Finding]:
    """A finding for each pair; the tests of a family are of its pairs that differ, its share of alpha is equal."""
    occupied = [family for family in families if family]
    return [finding for family in occupied for finding in _judge_family(family, len(occupied), rules)]


def _judge_family(pairs: Sequence[Pair], families: int, rules: Rules) -> list[Finding]:
    differing = [pair for pair in pairs if pair.differs]
    # The smallest p-value that resampling can give must be able to pass the correction.
    resamples = max(_RESAMPLES, int(2 * families * len(differing) / rules.alpha))
    differences = [_difference(pair, rules, resamples) for pair in differing]
    adjusted = np.minimum(1.0, families * holm([difference.p for difference in differences]))
    tested = {
        id(pair): (difference, float(p)) for pair, difference, p in zip(differing, differences, adjusted, strict=True)
    }
    return [_finding(pair, tested.get(id(pair)), rules) for pair in pairs]


def _difference(pair: Pair, rules: Rules, resamples: int) -> Difference:
    """Change of the mean with the one-sided p-value of its direction; untested (p = 1) within the tolerance."""
    change = float(np.nanmean(pair.new - pair.base))
    if abs(change) <= rules.tolerance:
        return Difference(change, Interval(float("nan"), float("nan")), 1.0)
    # A query that has the value it had adds nothing but a 0 to every sum: drawn as one lot, whatever their number.
    return one_sided_difference(pair.new - pair.base, resamples, SEED)


def _finding(pair: Pair, tested: tuple[Difference, float] | None, rules: Rules) -> Finding:
    scored = int(np.count_nonzero(~np.isnan(pair.new)))
    verdict, note, low, high, p = Verdict.SAME, "" if scored else "no query has a positive", None, None, None
    if tested is not None:
        difference, p = tested
        verdict, note = _judge(difference.mean, p, rules)
        low, high = (None if np.isnan(end) else end for end in difference.interval)
    return Finding(
        verdict=verdict,
        subject=pair.subject,
        cell=pair.cell,
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
