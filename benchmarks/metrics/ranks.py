"""One order of methods over several data sets, and how sure it is: rank intervals, groups that cannot be told apart.

Methods are ordered by the mean over data sets of their mean over queries, each data set counting the same. A query is
found or not, so the mean of the ranks that methods have on single queries, and Bradley and Terry's model fitted to all
paired comparisons, give the same order.

A rank is at least one more than the number of methods that are surely better, and at most all less those that are
surely worse. What is sure, a bootstrap of paired differences says, queries resampled within each data set, at a level
that holds for all pairs of methods at once (Mogstad, Romano, Shaikh & Wilhelm, "Inference for Ranks", Review of
Economic Studies 2024). Unlike percentiles of bootstrapped ranks, that holds for methods which are nearly equal too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.intervals import Interval, cluster_codes, wider_confidence
from benchmarks.metrics.means import cluster_means, kept_columns, resampled_means, scored_queries


@dataclass(frozen=True, eq=False)
class Answers:
    """Methods on the queries of one data set: values (q,) by method, NaN for queries left out; what queries share."""

    values: Mapping[str, np.ndarray]
    clusters: np.ndarray | None = None


@dataclass(frozen=True)
class Ranked:
    """A method's place: 1 is best, equal means share one; `low` to `high` is where its true rank is."""

    method: str
    mean: float
    interval: Interval
    rank: int
    low: int
    high: int
    groups: tuple[int, ...]
    """Numbers of the groups it is in, best first: methods of one group cannot be told apart."""


def rank_methods(
    datasets: Sequence[Answers], confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> list[Ranked]:
    """The methods, best first; all have to be on every data set. Empty without a scored query or method."""
    columns = [kept_columns(each.values) for each in datasets]
    names = list(datasets[0].values) if datasets else []
    if not names or any(not len(each) for each in columns):
        return []
    if any(list(each.values) != names for each in datasets):
        raise ValueError("methods can be ranked on data sets that all of them were asked on")
    means = np.mean([each.mean(axis=0) for each in columns], axis=0)
    samples = [_Sample.over_queries(columns, resamples, seed)]
    if any(each.clusters is not None for each in datasets):
        samples.append(_Sample.over_clusters(datasets, columns, resamples, seed))
    better = np.logical_and.reduce([sample.better(means, confidence) for sample in samples])
    intervals = [sample.intervals(confidence) for sample in samples]
    low, high = np.min([each[0] for each in intervals], axis=0), np.max([each[1] for each in intervals], axis=0)
    order = sorted(range(len(names)), key=lambda place: -means[place])
    groups = _groups(order, better | better.T)
    return [
        Ranked(
            names[place],
            float(means[place]),
            Interval(float(low[place]), float(high[place])),
            rank=1 + int((means > means[place] + _SAME).sum()),
            low=1 + int(better[place].sum()),
            high=len(names) - int(better[:, place].sum()),
            groups=groups[place],
        )
        for place in order
    ]


_SAME = 1e-12
"""Means that differ by no more are equal: sums of thirds and sevenths do not come out alike."""


@dataclass(frozen=True, eq=False)
class _Sample:
    """Resampled means (r, m); the size of the smallest data set's sample, and what a single query is worth, squared."""

    drawn: np.ndarray
    size: int
    one_query: float

    @classmethod
    def over_queries(cls, columns: Sequence[np.ndarray], resamples: int, seed: int) -> "_Sample":
        """Each data set's queries drawn with replacement, apart from the others'."""
        drawn = [resampled_means(each, resamples, seed + number) for number, each in enumerate(columns)]
        return cls(np.mean(drawn, axis=0), min(map(len, columns)), _one_query(columns))

    @classmethod
    def over_clusters(
        cls, datasets: Sequence[Answers], columns: Sequence[np.ndarray], resamples: int, seed: int
    ) -> "_Sample":
        """Whole clusters, where a data set has them."""
        drawn, sizes = [], []
        for number, (each, kept) in enumerate(zip(datasets, columns, strict=True)):
            codes = None if each.clusters is None else cluster_codes(each.clusters[scored_queries(each.values)])
            sizes.append(len(kept) if codes is None else int(codes.max()) + 1)
            drawn.append(
                resampled_means(kept, resamples, seed + number)
                if codes is None
                else cluster_means(kept, codes, resamples, seed + number)
            )
        return cls(np.mean(drawn, axis=0), min(sizes), _one_query(columns))

    def better(self, means: np.ndarray, confidence: float) -> np.ndarray:
        """(m, m) bool: is the method of the column surely better than that of the row? For all pairs at once."""
        ratios, largest = [], np.zeros(len(self.drawn))
        for place, own in enumerate(means):
            strays = self.drawn - self.drawn[:, [place]] - (means - own)
            spread = np.sqrt((strays**2).mean(axis=0) + self.one_query)
            ratios.append((means - own) / spread)
            largest = np.maximum(largest, (np.abs(strays) / spread).max(axis=1))
        return np.array(ratios) > np.quantile(largest, wider_confidence(self.size, confidence))

    def intervals(self, confidence: float) -> np.ndarray:
        """(2, m) ends of the percentile intervals of the means."""
        tail = (1 - wider_confidence(self.size, confidence)) / 2
        return np.quantile(self.drawn, [tail, 1 - tail], axis=0)


def _one_query(columns: Sequence[np.ndarray]) -> float:
    """The variance that one more query of each data set adds to a difference, would the two methods differ on it.

    Methods that answered alike so far, or differ on few queries, otherwise seem to have hardly any variance.
    """
    return float(sum(1 / len(each) ** 2 for each in columns)) / len(columns) ** 2


def _groups(order: Sequence[int], apart: np.ndarray) -> dict[int, tuple[int, ...]]:
    """By method the numbers of its groups: longest stretches of the order in which no two methods are apart."""
    found: dict[int, tuple[int, ...]] = dict.fromkeys(order, ())
    number = ended = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not apart[order[end], order[start:end]].any():
            end += 1
        if end > ended:
            number, ended = number + 1, end
            for place in order[start:end]:
                found[place] += (number,)
    return found
