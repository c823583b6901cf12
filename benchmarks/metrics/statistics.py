"""Uncertainty of means over queries: intervals, paired differences, ties with the best.

Shares have Wilson's interval, other means a BCa bootstrap (see intervals.py), paired differences a percentile bootstrap
(Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for retrieval measures Sakai, SIGIR 2006).
Queries are the unit that is resampled. Values are (q,) float64 with NaN for queries left out; methods are compared on
the same queries, so their NaN must stand in the same places.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from benchmarks.metrics.intervals import Interval, bca_interval, mean_share_interval

_CELLS = 1_000_000
"""Resampled queries drawn at once: bounds the working memory at some 25 MB."""


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
    columns = _kept_columns(values)
    means = resampled_means(columns, resamples, seed)
    return {
        name: mean_share_interval(columns[:, place], confidence)
        if name in shares
        else bca_interval(columns[:, place], means[:, place], confidence)
        for place, name in enumerate(values)
    }


def paired_difference(
    a: np.ndarray, b: np.ndarray, confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Difference:
    """How much better `a` is than `b`, (q,) each, resampling queries with both their values.

    The p-value is twice the smaller share of resamples on one side of 0 (or on it), with one added to both counts:
    never 0, and 1 for equal values.
    """
    columns = _kept_columns({"a": a, "b": b})
    difference = columns[:, :1] - columns[:, 1:]
    if not len(difference):
        return Difference(float("nan"), Interval(float("nan"), float("nan")), float("nan"))
    means = resampled_means(difference, resamples, seed)[:, 0]
    on_one_side = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    p = min(1.0, 2.0 * (on_one_side + 1) / (resamples + 1))
    return Difference(float(difference.mean()), _percentiles(means, confidence), p)


def paired_differences(
    values_by_method: Mapping[str, np.ndarray], confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> dict[tuple[str, str], tuple[float, Interval]]:
    """For every two methods (a, b), a named first: mean and interval of a - b, as `paired_difference` finds them.

    One set of resamples for all of them. Empty where no query is scored.
    """
    columns, names = _kept_columns(values_by_method), list(values_by_method)
    if not columns.size:
        return {}
    means, resampled = columns.mean(axis=0), resampled_means(columns, resamples, seed)
    found: dict[tuple[str, str], tuple[float, Interval]] = {}
    for place, name in enumerate(names[:-1]):
        intervals = _column_percentiles(resampled[:, place : place + 1] - resampled[:, place + 1 :], confidence)
        for step, (other, interval) in enumerate(zip(names[place + 1 :], intervals, strict=True), start=1):
            found[name, other] = (float(means[place] - means[place + step]), interval)
    return found


def tied_with_best(
    values_by_method: Mapping[str, np.ndarray], confidence: float = 0.95, resamples: int = 2000, seed: int = 0
) -> set[str]:
    """The best method by mean (larger = better), and all whose paired difference to it may be 0.

    A method is tied when the interval of (best - method) contains 0. Empty where no query is scored.
    """
    columns = _kept_columns(values_by_method)
    if not columns.size:
        return set()
    best = int(columns.mean(axis=0).argmax())
    behind = resampled_means(columns[:, best : best + 1] - columns, resamples, seed)
    intervals = _column_percentiles(behind, confidence)
    return {name for name, interval in zip(values_by_method, intervals, strict=True) if interval.low <= 0}


def resampled_means(columns: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, m) of the columns of (q, m) over q rows drawn with replacement, the same rows for all."""
    q = len(columns)
    if not q:
        return np.full((resamples, columns.shape[1]), np.nan)
    step = max(1, _CELLS // q)
    if step >= resamples:
        return _all_counts(q, resamples, seed) @ columns / q
    generator = np.random.default_rng(seed)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate([_counts(q, size, generator) @ columns / q for size in sizes])


@lru_cache(maxsize=2)
def _all_counts(q: int, resamples: int, seed: int) -> np.ndarray:
    """`_counts` of all resamples; every method of a table is resampled alike, so it is drawn once."""
    return _counts(q, resamples, np.random.default_rng(seed))


def _counts(q: int, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """How often each of q rows is drawn, (resamples, q) float64: a mean is then one product for all columns."""
    drawn = generator.integers(0, q, size=(resamples, q)) + np.arange(0, resamples * q, q)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * q).reshape(resamples, q).astype(np.float64)


def _kept_columns(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The scored queries' values as columns (q', m); raises ValueError unless all share one query set."""
    if not values:
        return np.empty((0, 0))
    if len({len(column) for column in values.values()}) > 1:
        raise ValueError("values of different numbers of queries cannot be compared")
    columns = np.stack(list(values.values()), axis=1).astype(np.float64)
    left_out = np.isnan(columns)
    if not np.array_equal(left_out.any(axis=1), left_out.all(axis=1)):
        raise ValueError("values that leave out different queries cannot be compared")
    return columns[~left_out.any(axis=1)]


def _column_percentiles(means: np.ndarray, confidence: float) -> list[Interval]:
    tail = (1.0 - confidence) / 2
    bounds = np.quantile(means, [tail, 1.0 - tail], axis=0)
    return [Interval(float(low), float(high)) for low, high in bounds.T]


def _percentiles(means: np.ndarray, confidence: float) -> Interval:
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(float(low), float(high))
