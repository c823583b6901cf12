"""What counts as worse: every threshold of the gate, printed with every comparison, and Holm's correction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datasets.errors import BenchmarkError


@dataclass(frozen=True)
class Rules:
    """A difference counts when it is significant and larger than its tolerance; either alone is not enough."""

    alpha: float = 0.05
    """Chance of a false alarm in a whole comparison (Holm's correction over all that differs), for accuracy and for
    latency each."""
    tolerance: float = 0.005
    """Tolerated drop of hit@1, mAP or verification accuracy, absolute."""
    latency_ratio: float = 1.10
    """Tolerated slowdown: ratio of paired medians."""
    memory_ratio: float = 1.25
    """Tolerated growth of peak memory; any growth below `memory_bytes` is tolerated too."""
    memory_bytes: int = 32 * 2**20

    def __post_init__(self) -> None:
        """Raises BenchmarkError for a threshold that means nothing."""
        if not 0 < self.alpha < 1:
            raise BenchmarkError(f"--alpha {self.alpha} is no probability: give one between 0 and 1, such as 0.05")
        if not 0 <= self.tolerance < 1:
            raise BenchmarkError(f"--tolerance {self.tolerance} is no drop of a metric: give 0 or more, below 1")
        for name, ratio in (("--latency-ratio", self.latency_ratio), ("--memory-ratio", self.memory_ratio)):
            if not ratio >= 1:
                raise BenchmarkError(f"{name} {ratio} would call the same thing worse: give 1 or more")

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"thresholds: accuracy down by more than {self.tolerance:g} and significant (paired bootstrap), query time "
            f"up by more than {self.latency_ratio - 1:.0%} and significant (Mann-Whitney on interleaved rounds), each "
            f"at {self.alpha:g} after Holm's correction; peak memory up by more than {self.memory_ratio - 1:.0%} and "
            f"{self.memory_bytes / 2**20:.0f} MiB"
        )


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjusted p-values (m,) float64: rejecting those <= alpha errs once or more with probability <= alpha at most.

    The i-th smallest of m is multiplied by m - i (i from 0), is never smaller than the one before it, and at most 1.
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = p[order] * (len(p) - np.arange(len(p)))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return adjusted
