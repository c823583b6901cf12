"""The machine's own pace: a fixed piece of work, timed before and after every round, that says how noisy it was."""

import time

import numpy as np

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
