"""Measures of accuracy: read from stored rankings, over queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmarks.core.scoring import score_verification
from benchmarks.metrics.index_recall import index_recall
from benchmarks.metrics.means import micro
from benchmarks.metrics.ranking import found
from benchmarks.metrics.statistics import Interval, bootstrap_interval, paired_difference
from benchmarks.protocol import SEED
from benchmarks.reporting.claims.evidence import NoFigureError, Source
from benchmarks.reporting.claims.measure import CellMeasure, Value
from datasets.lfw import QUERY_PEOPLE


@dataclass(frozen=True)
class Quality(CellMeasure):
    """Mean of a metric over queries, in percent."""

    metric: str = "hit@1"

    unit: ClassVar[str] = "%"

    @property
    def name(self) -> str:
        """The metric, and the task where it is not retrieval."""
        return self.metric if self.task == "retrieval" else f"{self.metric} ({self.task})"

    def value(self, sources: Sequence[Source]) -> Value:
        """As the accuracy tables have it, times 100."""
        estimate = sources[0].score.estimates[self.metric]
        return _percent(estimate.mean, Interval(estimate.low, estimate.high))


@dataclass(frozen=True)
class Change(CellMeasure):
    """Mean paired difference of a metric to another method over the same queries, in percentage points."""

    against: str = ""
    metric: str = "hit@1"

    unit: ClassVar[str] = "points"

    @property
    def name(self) -> str:
        """The metric's change."""
        return f"{self.metric}, less that of {self.against}"

    @property
    def methods(self) -> tuple[str, ...]:
        """The method and the one it is compared with."""
        return self.method, self.against

    def value(self, sources: Sequence[Source]) -> Value:
        """With the bootstrap interval of the paired difference."""
        own, other = (source.score.values[self.metric] for source in sources)
        difference = paired_difference(own, other, seed=SEED)
        return _percent(difference.mean, difference.interval)


@dataclass(frozen=True)
class PairAccuracy(CellMeasure):
    """Share of pairs rightly told to show the same person or not, over ten folds of LFW View 2, in percent."""

    task: str = "verification"

    unit: ClassVar[str] = "%"

    @property
    def name(self) -> str:
        """The figure of the verification task."""
        return "accuracy on pairs (LFW View 2)"

    def value(self, sources: Sequence[Source]) -> Value:
        """With two standard errors over folds either way."""
        (source,) = sources
        score = score_verification(source.store, source.cell)
        if score is None:
            raise NoFigureError(source.word or "no pairs stored")
        spread = 2 * score.standard_error
        return _percent(score.accuracy, Interval(score.accuracy - spread, score.accuracy + spread))


@dataclass(frozen=True)
class RightForPeople(CellMeasure):
    """How many of the first `k` results are right, in the mean over the reports' own query photographs.

    `people` are queried by their image _0001, which is not in its own gallery; results that tie across the k-th place
    count with their expectation.
    """

    k: int = 19
    people: tuple[str, ...] = QUERY_PEOPLE

    @property
    def name(self) -> str:
        """How many results, for whom."""
        who = self.people[0] if len(self.people) == 1 else f"the {len(self.people)} query people"
        return f"right of the first {self.k} for {who}"

    def value(self, sources: Sequence[Source]) -> Value:
        """No interval for a single query."""
        (source,) = sources
        rows = np.flatnonzero(np.isin(source.truth.query_ids, [f"{name}/{name}_0001" for name in self.people]))
        if len(rows) < len(self.people):
            raise NoFigureError(f"{len(rows)} of {len(self.people)} are queries here")
        judgement = source.score.judgement
        right = found(judgement, self.k)[rows]
        if np.isnan(right).any():
            raise NoFigureError("no other photo of one of them is here")
        interval = bootstrap_interval(right, seed=SEED) if len(rows) > 1 else None
        return Value(micro(right), interval, f"{judgement.positives[rows].mean():.3g} to find")


@dataclass(frozen=True)
class KeptTop(CellMeasure):
    """Recall of an approximate index: the share of the exact top `k` among its own top k, in percent."""

    exact: str = ""
    k: int = 20

    unit: ClassVar[str] = "%"

    @property
    def name(self) -> str:
        """Against which exact search."""
        return f"share of the true top {self.k} ({self.exact}) kept"

    @property
    def methods(self) -> tuple[str, ...]:
        """The index and the exact search over the same vectors."""
        return self.method, self.exact

    def value(self, sources: Sequence[Source]) -> Value:
        """With the bootstrap interval over queries."""
        approximate, exact = (source.ranking for source in sources)
        kept = index_recall(approximate, exact, self.k, cut=sources[1].is_cut)
        return _percent(micro(kept), bootstrap_interval(kept, seed=SEED))


def _percent(mean: float, interval: Interval) -> Value:
    return Value(100 * mean, Interval(100 * interval.low, 100 * interval.high))
