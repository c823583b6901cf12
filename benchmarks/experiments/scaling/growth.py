"""From stored points to curves: what is plotted against the gallery's size, and the law fitted to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from benchmarks.experiments.latency.summary import quantiles
from benchmarks.experiments.scaling.fitting import Fit, fit_growth
from benchmarks.rows.experiments import PointRow
from methods.registry import Registry


class Level(NamedTuple):
    """A figure at one size and the range its samples give it; NaN where there is none."""

    value: float
    low: float
    high: float


def _search(row: PointRow) -> Level:
    """Median, with its 95% bootstrap interval over the queries timed."""
    median = quantiles(np.array(row["search_s"])[:, None])["p50"]
    return Level(median.value, median.low, median.high)


def _batch(row: PointRow) -> Level:
    """Median seconds a query, with the interval of the median over batches."""
    median = quantiles(np.array(row["batch_s"])[:, None])["p50"]
    return Level(median.value, median.low, median.high)


def _build(row: PointRow) -> Level:
    """Median seconds of fitting and indexing, from the fastest build to the slowest."""
    seconds = np.add(row["fit_s"], row["index_s"])
    return Level(float(np.median(seconds)), float(seconds.min()), float(seconds.max()))


def _peak(row: PointRow) -> Level:
    """A single reading."""
    peak = row["memory"]["peak"]
    return Level(*[float("nan") if peak is None else float(peak)] * 3)


def _index_bytes(row: PointRow) -> Level:
    """A count."""
    return Level(*[float(row["index_bytes"])] * 3)


QUANTITIES: dict[str, Callable[[PointRow], Level]] = {
    "search": _search,
    "batch": _batch,
    "build": _build,
    "peak": _peak,
    "index": _index_bytes,
}
"""What may grow, by name: seconds (search and batch: a query), and bytes."""


@dataclass(frozen=True)
class Growth:
    """One method's points on one data set, sizes rising, all of them with the same inputs."""

    method: str
    rows: list[PointRow]

    @cached_property
    def measured(self) -> list[PointRow]:
        """The points that have figures."""
        return [row for row in self.rows if row["status"] == "ok"]

    @property
    def sizes(self) -> np.ndarray:
        """(n,) sizes measured."""
        return np.array([row["size"] for row in self.measured])

    def levels(self, quantity: str) -> list[Level]:
        """The figure at each size measured."""
        return [QUANTITIES[quantity](row) for row in self.measured]

    @cached_property
    def fits(self) -> dict[str, Fit | None]:
        """The law of each quantity; None where fewer than two sizes have a figure."""
        return {
            name: fit_growth(self.sizes, np.array([level.value for level in self.levels(name)])) for name in QUANTITIES
        }


@dataclass(frozen=True)
class Curves:
    """All methods measured on the same images."""

    title: str
    """The data set's."""
    subset: str
    members: list[Growth]

    @property
    def rows(self) -> list[PointRow]:
        """Every point of every method."""
        return [row for growth in self.members for row in growth.rows]


def curves(points: Iterable[PointRow], registry: Registry) -> list[Curves]:
    """Stored points by data set, methods in catalogue order.

    Of several contents of a data set, and of several versions of a method, the one measured last is shown.
    """
    order = {spec.id: place for place, spec in enumerate(registry)}
    by_place: dict[tuple[str, str], list[PointRow]] = {}
    for row in points:
        if row["cell"]["method"] in order:
            by_place.setdefault((row["cell"]["dataset"], row["cell"]["subset"]), []).append(row)
    found = []
    for (_, subset), rows in by_place.items():
        newest = _newest(rows)
        same = [row for row in rows if row["inputs"]["manifest"] == newest["inputs"]["manifest"]]
        names = sorted({row["cell"]["method"] for row in same}, key=order.__getitem__)
        members = [_growth(name, [row for row in same if row["cell"]["method"] == name]) for name in names]
        found.append(Curves(newest["title"], subset, members))
    return found


def _growth(method: str, rows: list[PointRow]) -> Growth:
    inputs = _newest(rows)["inputs"]
    return Growth(method, sorted((row for row in rows if row["inputs"] == inputs), key=lambda row: row["size"]))


def _newest(rows: list[PointRow]) -> PointRow:
    return max(rows, key=lambda row: row["started"])
