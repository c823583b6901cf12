"""Interleaved rounds: everyone has a turn in each, in a new order, so that what slows the machine down slows all.

The machine's own pace, a fixed piece of work, is timed before and after every turn: it says how noisy the machine was.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from benchmarks.protocol import SEED

Participant = TypeVar("Participant")
SIDE = 256
_PRODUCTS = 12
_STEPS = 40_000

NOISY = 0.10
"""A session whose pace strays farther than this is marked as noisy in the table."""


class Calibration:
    """A fixed mix of matrix products and plain Python, some tens of milliseconds; 0 `products`: Python alone, two."""

    def __init__(self, products: int = _PRODUCTS) -> None:
        side = SIDE if products else 0
        self._matrix = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
        self._products = products
        self.seconds: list[float] = []
        """Every sample, in order."""

    def sample(self) -> None:
        """Time the work once."""
        start = time.perf_counter()
        for _ in range(self._products):
            self._matrix @ self._matrix
        total = 0
        for step in range(_STEPS):
            total += step
        self.seconds.append(time.perf_counter() - start)


def strayed(seconds: np.ndarray) -> float:
    """How far the pace strayed in a session: (90th percentile - median) / median of its calibration samples (n,)."""
    if not len(seconds):
        return 0.0
    middle, high = np.quantile(seconds, [0.5, 0.9])
    return float((high - middle) / middle)


def interleaved(
    participants: Sequence[Participant], rounds: int, calibration: Calibration, begins: Callable[[int], bool]
) -> Iterator[Participant]:
    """Whose turn it is, `rounds` times through all `participants`.

    `begins` hears the number of each round before it, and says whether it is made. The machine's pace is sampled twice
    before the first turn and once after each.
    """
    calibration.sample()
    calibration.sample()
    order = random.Random(SEED)
    for number in range(rounds):
        if not begins(number):
            return
        for participant in order.sample(list(participants), len(participants)):
            yield participant
            calibration.sample()


def said(rounds: int, say: Callable[[str], None]) -> Callable[[int], bool]:
    """For rounds that are all made: says which one begins."""

    def begins(number: int) -> bool:
        say(f"round {number + 1} of {rounds}")
        return True

    return begins
