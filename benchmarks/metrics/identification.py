"""Open-set identification: is a person found who is enrolled, and nobody named for one who is not?

FPIR: share of searches for people who are not enrolled whose best score passes the threshold. FNIR at rank 1: share of
searches for enrolled people whose best hit is another person, or does not pass (Grother, Ngan & Hanaoka, NISTIR 8271;
ISO/IEC 19795-1). The threshold is learned on other people than those it is judged on.

The rule is an order statistic of the n scores learned from, so what it realises on m others is known exactly, whatever
their distribution (if without ties): with k + 1 = floor(f (n + 1)) the true rate is Beta(k + 1, n - k), its mean at
most the nominal f, and the passes among m others are beta-binomial (the split conformal rule, Vovk et al. 2005).
"""

from typing import NamedTuple

import numpy as np

from benchmarks.metrics.intervals import Interval, share_interval

RATES = (0.1, 0.01, 0.003, 0.001)
"""Nominal false positive identification rates of tables; the first for small subsets."""


class AtRate(NamedTuple):
    """Figures at one nominal rate; NaN where too few searches were learned from."""

    threshold: float
    """A search passes whose best score is above it."""
    fnir: float
    fnir_interval: Interval
    fpir: float
    """Realised on people that nothing was learned from."""
    nominal_interval: Interval
    """In which the realised rate lies 95 times in 100, if the threshold is right."""


def fewest_searches(rate: float) -> int:
    """Searches for people who are not enrolled, below which no threshold for `rate` can be learned: 1 / rate - 1."""
    return int(np.ceil(1 / rate - 1e-9)) - 1


def learned_threshold(scores: np.ndarray, rate: float) -> float:
    """From best scores (n,) of searches for people who are not enrolled, -inf for no answer; NaN for too few."""
    place = int(np.floor(rate * (len(scores) + 1) + 1e-9))
    return float(np.sort(scores)[len(scores) - place]) if place >= 1 else float("nan")


def nominal_interval(learned: int, judged: int, rate: float, confidence: float = 0.95) -> Interval:
    """Of the realised rate among `judged` searches, the threshold being learned on `learned` others."""
    from scipy.stats import betabinom

    place = int(np.floor(rate * (learned + 1) + 1e-9))
    if place < 1 or judged < 1:
        return Interval(float("nan"), float("nan"))
    passes = betabinom(judged, place, learned + 1 - place)
    low, high = passes.ppf((1 - confidence) / 2), passes.ppf((1 + confidence) / 2)
    return Interval(float(low) / judged, float(high) / judged)


def found_share(right: np.ndarray, best: np.ndarray, threshold: float) -> np.ndarray:
    """(q,) the chance that a search for an enrolled person names them: `right` (q,) first, and `best` (q,) passing."""
    return np.where(best > threshold, right, 0.0)


def clustered_share_interval(values: np.ndarray, clusters: np.ndarray) -> Interval:
    """Of the mean of `values` (q,) in [0, 1] where those of one cluster (person) may go together.

    Wilson's interval for as many independent trials as vary like the clusters' sums do (Kish's effective sample size);
    for as many as there are clusters where nothing varies.
    """
    _, cluster = np.unique(clusters, return_inverse=True)
    sizes, mean, groups = np.bincount(cluster), float(values.mean()), int(cluster.max()) + 1
    sums = np.bincount(cluster, weights=values)
    variance = float(((sums - mean * sizes) ** 2).sum()) / len(values) ** 2 * groups / max(groups - 1, 1)
    number = min(len(values), mean * (1 - mean) / variance) if variance > 0 else groups
    return share_interval(mean, number)


def at_rate(
    right: np.ndarray, best: np.ndarray, people: np.ndarray, learned: np.ndarray, judged: np.ndarray, rate: float
) -> AtRate:
    """Figures at a nominal rate.

    Args:
        right: (q,) chance that the best hit of a search for an enrolled person is right, ties in random order.
        best: (q,) its score, -inf for no answer.
        people: (q,) whom each of these searches is for.
        learned: (n,) best scores of the searches, for people who are not enrolled, that the threshold is learned on.
        judged: (m,) those of others.
        rate: the nominal false positive identification rate.
    """
    threshold = learned_threshold(learned, rate)
    if np.isnan(threshold) or not len(judged) or not len(right):
        none = Interval(float("nan"), float("nan"))
        return AtRate(float("nan"), float("nan"), none, float("nan"), none)
    missed = 1 - found_share(right, best, threshold)
    fnir = float(missed.mean())
    interval = clustered_share_interval(missed, people)
    fpir = float(np.mean(judged > threshold))
    return AtRate(threshold, fnir, interval, fpir, nominal_interval(len(learned), len(judged), rate))


def detection_error_trade_off(right: np.ndarray, best: np.ndarray, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """FPIR and FNIR (t,) at every threshold that is a score of `judged`, the strictest first: a DET curve."""
    thresholds = np.unique(judged)[::-1]
    ordered = np.sort(judged)
    fpir = 1 - np.searchsorted(ordered, thresholds, side="right") / len(judged)
    place = np.argsort(-best, kind="stable")
    named = np.concatenate([[0.0], np.cumsum(right[place])])
    passing = np.searchsorted(-best[place], -thresholds, side="left")
    return fpir, 1 - named[passing] / len(right)
