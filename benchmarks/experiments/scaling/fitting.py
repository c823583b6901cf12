"""The law by which a cost grows with the gallery, from a handful of sizes.

Two laws are tried, both fitted by least squares of the logarithms (a tenth too much weighs the same at every size):

    power          y = b n^c
    floor + power  y = a + b n^c    what is there whatever the size (a call, a process), and what grows

The second has one more parameter and always fits better; it is taken where an F-test of the residuals says that this
is no accident (5 %). The interval of the exponent c is the t-interval of the regression (Draper & Smith, "Applied
Regression Analysis", 1998, chapters 1 and 24). Every size is measured in a process of its own, so what differs from run
to run is in those residuals; so is whatever part of the growth is no power law.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.statistics import Interval

SIGNIFICANT = 0.05
_EXACT = 1e-9
"""Root mean square of log residuals below which a law holds to the last digit, and there is nothing to test."""

_UNKNOWN = Interval(float("nan"), float("nan"))


@dataclass(frozen=True)
class Fit:
    """y = floor + factor * n ** exponent."""

    floor: float
    """0 for the plain power law."""
    factor: float
    exponent: float
    interval: Interval
    """95%; NaN where two sizes leave nothing to judge it by."""
    p: float
    """Of the F-test for a floor; NaN where it was not to be tested."""
    plain: float
    """Exponent of the plain power law, whichever law was taken."""
    plain_interval: Interval
    sizes: int

    @property
    def model(self) -> str:
        """The law's name."""
        return "floor + power" if self.floor else "power"

    def at(self, sizes: np.ndarray) -> np.ndarray:
        """The law's values (n,) at `sizes` (n,)."""
        return self.floor + self.factor * np.asarray(sizes, dtype=float) ** self.exponent


def fit_growth(sizes: np.ndarray, values: np.ndarray) -> Fit | None:
    """The law behind `values` (n,) at `sizes` (n,); values of 0 or less, or NaN, are left out.

    None where fewer than two sizes are left.
    """
    sizes, values = np.asarray(sizes, dtype=float), np.asarray(values, dtype=float)
    kept = values > 0
    sizes, values = sizes[kept], values[kept]
    if len(np.unique(sizes)) < 2:
        return None
    n, y = np.log(sizes), np.log(values)
    exponent, intercept = np.polyfit(n, y, 1)
    residuals = y - intercept - exponent * n
    spread = float(np.sum((n - n.mean()) ** 2))
    plain = _t_interval(exponent, _variance(residuals, 2) / spread, len(n) - 2)
    power = Fit(0.0, float(np.exp(intercept)), float(exponent), plain, float("nan"), float(exponent), plain, len(n))
    return _with_floor(power, n, y, residuals) or power


def _with_floor(power: Fit, n: np.ndarray, y: np.ndarray, residuals: np.ndarray) -> Fit | None:
    """The law with a floor, or the power law with the test's p; None where the test cannot be made."""
    from scipy import stats

    free = len(n) - 3
    if free < 1 or np.sqrt(np.mean(residuals**2)) < _EXACT:
        return None
    found = _least_squares(n, y, power)
    if found is None:
        return None
    (log_floor, log_factor, exponent), covariance, left = found
    gained = float(residuals @ residuals) - float(left @ left)
    noise = max(float(left @ left) / free, _EXACT**2)
    p = float(stats.f.sf(max(gained, 0.0) / noise, 1, free))
    if p >= SIGNIFICANT or exponent <= 0:
        return Fit(**{**vars(power), "p": p})
    centre = n.mean()
    interval = _t_interval(exponent, float(covariance[2, 2]), free)
    factor = float(np.exp(log_factor - exponent * centre))
    return Fit(
        float(np.exp(log_floor)), factor, float(exponent), interval, p, power.plain, power.plain_interval, len(n)
    )


def _least_squares(n: np.ndarray, y: np.ndarray, power: Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(log a, log b at the mean log size, c), their covariance, residuals; the best of several starts, None if none.

    Logarithms of a and b keep both above 0.
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    x = n - n.mean()

    def law(x: np.ndarray, log_floor: float, log_factor: float, exponent: float) -> np.ndarray:
        return np.logaddexp(log_floor, log_factor + exponent * x)

    best = None
    for exponent in (1.0, 0.5, 2.0, power.exponent):
        for share in (0.9, 0.5, 0.1):
            start = (y.min() + np.log(share), y.mean() + np.log(1 - share), exponent)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", OptimizeWarning)  # no covariance: found out below
                try:
                    found, covariance = curve_fit(law, x, y, p0=start, maxfev=5000)
                except (RuntimeError, ValueError):  # did not converge from here
                    continue
            left = y - law(x, *found)
            if np.isfinite(covariance).all() and (best is None or left @ left < best[2] @ best[2]):
                best = found, covariance, left
    return best


def _variance(residuals: np.ndarray, parameters: int) -> float:
    free = len(residuals) - parameters
    return float(residuals @ residuals) / free if free > 0 else float("nan")


def _t_interval(value: float, variance: float, free: int) -> Interval:
    from scipy import stats

    if free < 1:
        return _UNKNOWN
    half = float(stats.t.ppf(0.975, free)) * float(np.sqrt(variance))
    return Interval(float(value) - half, float(value) + half)
