"""What one machine pays for one method: the laws of its costs, and how well they predict a size they have not seen.

A cost is what a call takes whatever it looks at, and so much a vector.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.scaling.growth import Curves, Growth

QUANTITIES = ("search", "batch", "build", "peak", "index")
"""Of benchmarks.experiments.scaling: seconds a query alone and of a batch, seconds to build, bytes at the peak and of
the index.
"""

FEWEST_SIZES = 3
"""Two determine a law with two parameters, one is left to test it by."""

NEAR = 0.2
"""How far a predicted cost may be off before the law is not to be relied on."""


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


@dataclass(frozen=True)
class Check:
    """A cost at the largest size measured, beside what a law fitted to the smaller sizes makes of it."""

    method: str
    dataset: str
    quantity: str
    fitted_to: int
    """The largest size that the fit has seen."""
    size: int
    predicted: float
    measured: float

    @property
    def error(self) -> float:
        """Relative: 0.1 is a tenth too much."""
        return self.predicted / self.measured - 1

    @property
    def is_near(self) -> bool:
        """Whether the law may be relied on, one step further at least."""
        return abs(self.error) <= NEAR


@dataclass(frozen=True)
class Costs:
    """The laws of one method, fitted to all sizes measured."""

    method: str
    dataset: str
    laws: dict[str, Affine]
    extraction_s: float
    """Seconds to decode, detect and encode one image, on `threads` threads."""
    threads: int
    largest: int
    """Size measured."""
    checks: tuple[Check, ...]


def costs_of(found: Iterable[Curves]) -> list[Costs]:
    """The costs of every method that was measured at enough sizes and has looked at images."""
    kept = []
    for each in found:
        for growth in each.members:
            extraction = _extraction(growth)
            if len(growth.sizes) >= FEWEST_SIZES and extraction is not None:
                kept.append(_costs(growth, f"{each.title}:{each.subset}", extraction))
    return kept


def _costs(growth: Growth, dataset: str, extraction: float) -> Costs:
    laws, checks = {}, []
    for name in QUANTITIES:
        sizes, values = growth.sizes, np.array([level.value for level in growth.levels(name)])
        kept = values > 0  # NaN, too: no reading
        if kept.sum() < FEWEST_SIZES:
            continue
        sizes, values = sizes[kept], values[kept]
        laws[name] = fit_affine(sizes, values)
        predicted = fit_affine(sizes[:-1], values[:-1]).at(sizes[-1])
        checks.append(Check(growth.method, dataset, name, int(sizes[-2]), int(sizes[-1]), predicted, float(values[-1])))
    threads = growth.measured[-1]["inputs"]["threads"]
    return Costs(growth.method, dataset, laws, extraction, threads, int(growth.sizes[-1]), tuple(checks))


def _extraction(growth: Growth) -> float | None:
    """Seconds an image; None where nothing was extracted."""
    if not growth.measured:
        return None
    row = growth.measured[-1]
    if seconds := row.get("extraction_s"):
        return float(seconds)
    samples = row.get("extraction", {}).get("extraction_s")
    return float(np.median(samples)) if samples else None
