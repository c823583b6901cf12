"""Means over queries and over classes, and those of resampled queries or clusters: what bootstraps are made of."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import numpy as np

from benchmarks.metrics.intervals import cluster_totals

_CELLS = 1_000_000
"""Resampled queries drawn at once: bounds the working memory at some 25 MB."""
_KEPT = 30_000_000
"""Resampled queries whose counts are kept, a byte each: a thousand times 30,000."""


def micro(values: np.ndarray) -> float:
    """Mean of `values` (q,) over queries; NaN entries (queries left out) do not count. NaN if nothing is left."""
    kept = values[~np.isnan(values)]
    return float(kept.mean()) if len(kept) else float("nan")


def macro(values: np.ndarray, labels: np.ndarray) -> float:
    """Mean over classes of each class's mean over its queries, so that a frequent class weighs no more than a rare.

    `values` (q,) float with NaN for queries left out; `labels` (q,) the queries' classes. NaN if nothing is left.
    """
    kept = ~np.isnan(values)
    if not kept.any():
        return float("nan")
    _, codes = np.unique(labels[kept], return_inverse=True)
    return float(np.mean(np.bincount(codes, weights=values[kept]) / np.bincount(codes)))


def resampled_means(columns: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, m) of the columns of (q, m) over q rows drawn with replacement, the same rows for all."""
    q = len(columns)
    if not q:
        return np.full((resamples, columns.shape[1]), np.nan)
    step = max(1, _CELLS // q)
    if step >= resamples:
        return _all_counts(q, resamples, seed) @ columns / q
    draw: Callable[..., Iterable[np.ndarray]] = _kept_counts if q * resamples <= _KEPT else _drawn_counts
    drawn = draw(q, resamples, seed, step)
    return np.concatenate([counts.astype(np.float64) @ columns / q for counts in drawn])


@lru_cache(maxsize=2)
def _kept_counts(q: int, resamples: int, seed: int, step: int) -> tuple[np.ndarray, ...]:
    """`_drawn_counts` in as few bytes as they need: every metric and method of a table is resampled alike."""
    return tuple(
        counts.astype(np.min_scalar_type(int(counts.max()))) for counts in _drawn_counts(q, resamples, seed, step)
    )


def _drawn_counts(q: int, resamples: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """`_counts` of all resamples, `step` at a time."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, step):
        yield _counts(q, min(step, resamples - start), generator)


@lru_cache(maxsize=2)
def _all_counts(q: int, resamples: int, seed: int) -> np.ndarray:
    """`_counts` of all resamples; every method of a table is resampled alike, so it is drawn once."""
    return _counts(q, resamples, np.random.default_rng(seed))


def _counts(q: int, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """How often each of q rows is drawn, (resamples, q) float64: a mean is then one product for all columns."""
    drawn = generator.integers(0, q, size=(resamples, q)) + np.arange(0, resamples * q, q)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * q).reshape(resamples, q).astype(np.float64)


def kept_columns(values: Mapping[str, np.ndarray]) -> np.ndarray:
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


def scored_queries(values: Mapping[str, np.ndarray]) -> np.ndarray:
    """(q,) bool: the queries that `kept_columns` keeps."""
    return ~np.isnan(next(iter(values.values())))


def cluster_means(columns: np.ndarray, codes: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means (resamples, m) of the columns of (q, m) over whole clusters drawn with replacement."""
    sums, sizes = cluster_totals(columns, codes)
    drawn = resampled_means(np.column_stack([sums, sizes]), resamples, seed)
    return drawn[:, :-1] / drawn[:, -1:]
