"""From a session's samples to the figures a table prints, each with an interval."""

from dataclasses import dataclass

import numpy as np

from benchmarks.protocol import SEED

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_RESAMPLES = 1000


@dataclass(frozen=True)
class Quantile:
    """A quantile of the latency in seconds with its 95% interval."""

    value: float
    low: float
    high: float


def quantiles(seconds: np.ndarray) -> dict[str, Quantile]:
    """p50, p95 and p99 of `seconds` (rounds, queries).

    The interval is a percentile bootstrap over rounds, which are drawn whole: samples of one round share the machine's
    mood and are not independent (Davison & Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
    """
    rounds = len(seconds)
    drawn = np.random.default_rng(SEED).integers(0, rounds, size=(_RESAMPLES, rounds))
    resampled = seconds[drawn].reshape(_RESAMPLES, -1)
    levels = list(QUANTILES.values())
    values = np.quantile(seconds, levels)
    low, high = np.quantile(np.quantile(resampled, levels, axis=1), [0.025, 0.975], axis=1)
    rows = np.stack([values, low, high], axis=1).tolist()
    return {name: Quantile(*row) for name, row in zip(QUANTILES, rows, strict=True)}


def stage_means(samples: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean seconds a query of each stage and of "other"; they add up to the mean of "total"."""
    return {name: float(values.mean()) for name, values in samples.items() if name != "total"}
