"""Uncertainty of means over queries: intervals, paired differences, ties with the best.

Shares have Wilson's interval, other means a BCa bootstrap (see intervals.py), paired differences a percentile bootstrap
widened by Student's t (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for retrieval measures
Sakai, SIGIR 2006). Queries are the unit that is resampled, and whole clusters where queries share a class or an
original (see clusters.py). Values are (q,) float64 with NaN for queries left out; methods are compared on the same
queries, so their NaN must stand in the same places.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.metrics.intervals import (
    Interval,
    bca_interval,
    cluster_codes,
    clustered_bca_interval,
    clustered_share_interval,
    mean_share_interval,
    wider_confidence,
)
from benchmarks.metrics.means import cluster_means, kept_columns, resampled_means, scored_queries


class Difference(NamedTuple):
    """Mean of a - b over the same queries, its interval, and the two-sided p-value of no difference."""

    mean: float
    interval: Interval
    p: float


def bootstrap_interval(values: np.ndarray, confidence: float = 0.95, resamples: int = 2000, seed: int = 0) -> Interval:
    """BCa interval of the mean of `values` (q,) over queries."""
    return bootstrap_intervals({"": values}, confidence, resamples, seed)[""]


def bootstrap_intervals(
    values: Mapping[str, np.ndarray],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    shares: Collection[str] = (),
) -> dict[str, Interval]:
    """The same for several value arrays of one query set by name, from one set of resamples: cheaper.

    Those named in `shares` are means of successes in [0, 1] and get Wilson's interval.
    """
    columns = kept_columns(values)
    means = resampled_means(columns, resamples, seed)
    return {
        name: mean_share_interval(columns[:, place], confidence)
        if name in shares
        else bca_interval(columns[:, place], means[:, place], confidence)
        for place, name in enumerate(values)
    }


def clustered_intervals(
    values: Mapping[str, np.ndarray],
    clusters: np.ndarray,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    shares: Collection[str] = (),
) -> dict[str, Interval]:
    """The intervals of `bootstrap_intervals` where `clusters` (q,) are the sample.

    Queries left out leave their cluster. Empty where no two queries share a cluster, or all do.
    """
    columns = kept_columns(values)
    codes = _codes(values, clusters)
    if codes is None:
        return {}
    means = cluster_means(columns, codes, resamples, seed)
    return {
        name: clustered_share_interval(columns[:, place], codes, confidence)
        if name in shares
        else clustered_bca_interval(columns[:, place], codes, means[:, place], confidence)
        for place, name in enumerate(values)
    }


def paired_difference(
    a: np.ndarray, b: np.ndarray, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Difference:
    """How much better `a` is than `b`, (q,) each, resampling queries with both their values.

    The p-value is twice the smaller share of resamples on one side of 0 (or on it), with one added to both counts:
    never 0, and 1 for equal values.
    """
    columns = kept_columns({"a": a, "b": b})
    difference = columns[:, :1] - columns[:, 1:]
    if not len(difference):
        return Difference(float("nan"), Interval(float("nan"), float("nan")), float("nan"))
    means = resampled_means(difference, resamples, seed)[:, 0]
    on_one_side = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    p = min(1.0, 2.0 * (on_one_side + 1) / (resamples + 1))
    (interval,) = _percentiles(means[:, None], len(difference), confidence)
    return Difference(float(difference.mean()), interval, p)


def one_sided_difference(change: np.ndarray, resamples: int, seed: int, confidence: float = 0.95) -> Difference:
    """Mean of paired changes (q,), their interval, and the one-sided p-value of no change in its direction.

    As `paired_difference`, drawn as counts of equal changes: nearly all are 0 where one version follows another.
    """
    kept = change[~np.isnan(change)]
    mean = float(kept.mean())
    direction = -1.0 if mean < 0 else 1.0  # drawn upwards either way: a change and its reverse have the same p-value
    values, counts = np.unique(direction * kept, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(kept), counts / len(kept), size=resamples)
    means = drawn @ values / len(kept)
    p = (np.count_nonzero(means <= 0) + 1) / (resamples + 1)
    (interval,) = _percentiles(direction * means[:, None], len(kept), confidence)
    return Difference(mean, interval, min(1.0, p))


def paired_differences(
    values_by_method: Mapping[str, np.ndarray],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> dict[tuple[str, str], tuple[float, Interval]]:
    """For every two methods (a, b), a named first: mean and interval of a - b, as `paired_difference` finds them.

    One set of resamples for all of them. With `clusters` (q,) the interval spans that over queries and that over
    clusters. Empty where no query is scored.
    """
    columns, names = kept_columns(values_by_method), list(values_by_method)
    if not columns.size:
        return {}
    means, samples = columns.mean(axis=0), _samples(columns, _codes(values_by_method, clusters), resamples, seed)
    found: dict[tuple[str, str], tuple[float, Interval]] = {}
    for place, name in enumerate(names[:-1]):
        apart = [(drawn[:, place : place + 1] - drawn[:, place + 1 :], size) for drawn, size in samples]
        intervals = _spanning(apart, confidence)
        for step, (other, interval) in enumerate(zip(names[place + 1 :], intervals, strict=True), start=1):
            found[name, other] = (float(means[place] - means[place + step]), interval)
    return found


def tied_with_best(
    values_by_method: Mapping[str, np.ndarray],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> set[str]:
    """The best method by mean (larger = better), and all whose paired difference to it may be 0.

    A method is tied when the interval of (best - method) contains 0; with `clusters` (q,), when that over queries or
    that over clusters does. Empty where no query is scored.
    """
    columns = kept_columns(values_by_method)
    if not columns.size:
        return set()
    best = int(columns.mean(axis=0).argmax())
    behind = columns[:, best : best + 1] - columns
    intervals = _spanning(_samples(behind, _codes(values_by_method, clusters), resamples, seed), confidence)
    return {name for name, interval in zip(values_by_method, intervals, strict=True) if interval.low <= 0}


def _codes(values: Mapping[str, np.ndarray], clusters: np.ndarray | None) -> np.ndarray | None:
    """The scored queries' clusters as numbers; None where there are none to speak of."""
    return None if clusters is None else cluster_codes(clusters[scored_queries(values)])


def _samples(columns: np.ndarray, codes: np.ndarray | None, resamples: int, seed: int) -> list[tuple[np.ndarray, int]]:
    """Resampled means (resamples, m) with the size of the sample: over queries, and over clusters where there are."""
    samples = [(resampled_means(columns, resamples, seed), len(columns))]
    if codes is not None:
        samples.append((cluster_means(columns, codes, resamples, seed), int(codes.max()) + 1))
    return samples


def _spanning(samples: Sequence[tuple[np.ndarray, int]], confidence: float) -> list[Interval]:
    """For each column the interval from the lowest end to the highest that any of the samples gives it."""
    each = [_percentiles(means, size, confidence) for means, size in samples]
    return [
        Interval(min(found.low for found in column), max(found.high for found in column))
        for column in zip(*each, strict=True)
    ]


def _percentiles(means: np.ndarray, size: int, confidence: float) -> list[Interval]:
    """Of each column of `means` (resamples, m), from a sample of `size`; widened as `wider_confidence` says."""
    tail = (1.0 - wider_confidence(size, confidence)) / 2
    bounds = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return [Interval(float(low), float(high)) for low, high in bounds.T]
