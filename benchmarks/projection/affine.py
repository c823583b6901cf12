"""A cost as what a call takes whatever it looks at, and so much a vector."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Affine:
    """floor + slope * n, both at least 0."""

    floor: float
    slope: float

    def at(self, size: float) -> float:
        """The cost at `size` vectors."""
        return self.floor + self.slope * size

    def size_for(self, cost: float) -> float:
        """The largest size whose cost is at most `cost`: 0 where the floor exceeds it, infinity without growth."""
        if cost < self.floor:
            return 0.0
        return (cost - self.floor) / self.slope if self.slope > 0 else float("inf")


def fit_affine(sizes: np.ndarray, values: np.ndarray) -> Affine:
    """Least squares of relative errors: a tenth too much weighs the same at every size.

    Neither part can be negative (Lawson & Hanson, "Solving Least Squares Problems", 1974, chapter 23). `sizes` (n,) and
    `values` (n,), all above 0, n at least 2.
    """
    from scipy.optimize import nnls

    sizes, values = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    scale = sizes.max()  # keeps both columns of one magnitude
    design = np.column_stack([np.ones_like(sizes), sizes / scale]) / values[:, None]
    (floor, slope), _ = nnls(design, np.ones_like(values))
    return Affine(float(floor), float(slope / scale))
