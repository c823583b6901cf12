"""Intervals where queries share a class, or are edits of one original: then clusters are the sample, not queries.

A share counts as that of fewer independent queries, its effective sample size (Kish, "Survey Sampling", 1965; Korn &
Graubard, Survey Methodology 1998); other means resample whole clusters.
"""

import numpy as np

from benchmarks.metrics.intervals import RARE, Interval, bca_interval, share_interval, wider_confidence

SHOWN_FROM = 1.25
"""An interval over clusters is printed beside that over queries where their widths differ by more than a quarter."""


def cluster_codes(clusters: np.ndarray) -> np.ndarray | None:
    """Numbers (q,) int64 of the queries' clusters; None where no two queries share one, or all share one."""
    names, codes = np.unique(clusters, return_inverse=True)
    return codes if 1 < len(names) < len(clusters) else None


def cluster_totals(columns: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums (clusters, m) of columns (q, m) over each cluster, and queries (clusters,) of each."""
    sizes = np.bincount(codes).astype(np.float64)
    sums = np.stack([np.bincount(codes, weights=column, minlength=len(sizes)) for column in columns.T], axis=1)
    return sums, sizes


def effective_size(values: np.ndarray, codes: np.ndarray) -> float:
    """How many independent queries tell as much of the mean of `values` (q,) as these do.

    Never more than there are, nor fewer than there are clusters; as few as clusters where at most RARE of them hold a
    success, or a failure: so few show nothing of how alike a cluster's queries are.
    """
    sums, sizes = cluster_totals(values[:, None], codes)
    queries, clusters = len(values), len(sizes)
    mean = float(values.mean())
    with_success, with_failure = np.count_nonzero(sums[:, 0] > 0), np.count_nonzero(sums[:, 0] < sizes)
    if min(with_success, with_failure) <= RARE:
        return float(clusters)
    strays = sums[:, 0] - mean * sizes
    variance = clusters / (clusters - 1) * float(strays @ strays) / queries**2
    return float(np.clip(mean * (1 - mean) / variance if variance > 0 else queries, clusters, queries))


def clustered_share_interval(values: np.ndarray, codes: np.ndarray, confidence: float = 0.95) -> Interval:
    """Of the mean of `values` (q,) in [0, 1]: Wilson's interval for the effective sample size, with Student's t."""
    level = wider_confidence(int(codes.max()) + 1, confidence)
    return share_interval(float(values.mean()), effective_size(values, codes), level)


def clustered_bca_interval(
    values: np.ndarray, codes: np.ndarray, means: np.ndarray, confidence: float = 0.95
) -> Interval:
    """Of the mean of `values` (q,), from `means` (r,) over whole clusters drawn with replacement: BCa, widened by t."""
    sums, sizes = cluster_totals(values[:, None], codes)
    mean = float(values.mean())
    # What each cluster adds to the mean, on its scale: BCa sees a sample of clusters.
    influences = mean + (sums[:, 0] - mean * sizes) / sizes.mean()
    return bca_interval(influences, means, wider_confidence(len(sizes), confidence))


def differ(one: Interval, other: Interval) -> bool:
    """Whether the widths of two intervals differ by more than a quarter, so that both are to be shown."""
    narrow, wide = sorted((one.high - one.low, other.high - other.low))
    return wide > SHOWN_FROM * narrow
