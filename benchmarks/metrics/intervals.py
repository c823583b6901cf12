"""Confidence intervals that cover, at the ends of the scale too: of shares by formula, of other means by BCa.

Where queries share a class, or are edits of one original, clusters are the sample, not queries: a share counts as that
of fewer independent queries, its effective sample size (Kish, "Survey Sampling", 1965; Korn & Graubard, Survey
Methodology 1998); other means resample whole clusters.
"""

from typing import NamedTuple

import numpy as np

RARE = 3.0
"""Up to so many successes (or failures) the Wilson interval covers too seldom, and a Poisson bound widens it."""
_MOST = 1 - 1e-9
"""The highest level that is asked for: two clusters would ask for certainty."""
_POLE = 0.1
SHOWN_FROM = 1.25
"""An interval over clusters is printed beside that over queries where their widths differ by more than a quarter."""


class Interval(NamedTuple):
    """A confidence interval; both ends NaN where there was nothing to resample."""

    low: float
    high: float


def share_interval(share: float, n: float, confidence: float = 0.95) -> Interval:
    """Of a share of `n` independent trials: Wilson's score interval, widened near 0 and 1.

    Wilson, JASA 1927; the one-sided Poisson bound for few successes after Brown, Cai & DasGupta, Statistical Science
    2001, section 4.1.1, here up to three successes whatever n is, which the coverage test asks for.
    """
    from scipy.special import ndtri

    if not n > 0 or np.isnan(share):
        return Interval(float("nan"), float("nan"))
    z = float(ndtri((1 + confidence) / 2))
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)
    low = min(centre - half, _rare_low(share * n, n, confidence))
    high = max(centre + half, 1 - _rare_low((1 - share) * n, n, confidence))
    return Interval(max(0.0, min(low, share)), min(1.0, max(high, share)))  # rounding aside they hold it anyway


def mean_share_interval(values: np.ndarray, confidence: float = 0.95) -> Interval:
    """Of the mean of `values` (q,) in [0, 1], of which most are 0 or 1: ties make some a chance between them.

    Such values vary less than coins of their mean: they count as the larger number of coins that vary as they do.
    """
    n, share = len(values), float(values.mean()) if len(values) else float("nan")
    spread, coins = float(values.var()) if n else 0.0, share * (1 - share)
    if n and coins > 0 and spread == 0:
        return Interval(share, share)  # every query has the same expectation: nothing varies
    return share_interval(share, n * coins / spread if n and coins > 0 else n, confidence)


def wider_confidence(size: int, confidence: float) -> float:
    """The level at which a bootstrap of a sample of `size` covers like Student's t: it lacks that of small samples.

    Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 2015, section 3.2.
    """
    from scipy.special import ndtr, stdtrit

    if size < 2:
        return _MOST
    t = float(stdtrit(size - 1, (1 + confidence) / 2))
    return min(_MOST, 2 * float(ndtr(t * np.sqrt(size / (size - 1)))) - 1)


def bca_interval(values: np.ndarray, means: np.ndarray, confidence: float = 0.95) -> Interval:
    """Bias-corrected and accelerated interval of the mean of `values` (q,) from bootstrap `means` (r,).

    Efron, JASA 1987; the acceleration of a mean is its skewness / (6 sqrt(q)).
    """
    from scipy.special import ndtr, ndtri

    if not len(values):
        return Interval(float("nan"), float("nan"))
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    if spread == 0:
        return Interval(float(values.mean()), float(values.mean()))
    acceleration = float(np.mean(centred**3)) / spread**3 / (6 * np.sqrt(len(values)))
    below = (np.count_nonzero(means < values.mean()) + np.count_nonzero(means <= values.mean())) / (2 * len(means))
    bias = float(ndtri(np.clip(below, 1 / (len(means) + 1), 1 - 1 / (len(means) + 1))))
    z = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    stretch = 1 - acceleration * z
    # Few clusters ask for so high a level that the formula has a pole: then the outermost mean is all there is to say.
    levels = np.where(stretch > _POLE, bias + z / np.maximum(stretch, _POLE), np.copysign(np.inf, z))
    low, high = np.quantile(means, ndtr(levels))
    return Interval(float(low), float(high))


def _rare_low(successes: float, n: float, confidence: float) -> float:
    from scipy.special import gammaincinv

    if not 0 < successes <= RARE:
        return 1.0
    return float(gammaincinv(successes, 1 - confidence)) / n


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
