"""How long a run will take: from what the same cells took before, or others like them, corrected as it goes."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from benchmarks.core.plan import PlannedCell
from benchmarks.core.store import Store
from benchmarks.protocol import size_class
from benchmarks.rows.cell import CellRow
from datasets.selection import STANDARD
from methods.registry import Registry

_FIRST = {
    ("retrieval", "canary"): (0.2, 0.7),
    ("retrieval", "hash"): (0.7, 3.0),
    ("retrieval", "pixels"): (0.5, 1.5),
    ("retrieval", "classifier"): (0.7, 6.0),
    ("retrieval", "local features"): (1.3, 10.0),
    ("retrieval", "embedding"): (4.0, 12.0),
    ("retrieval", "face embedding"): (5.0, 17.0),
    ("robustness", "hash"): (0.3, 3.0),
    ("robustness", "local features"): (0.4, 3.0),
    ("robustness", "embedding"): (0.8, 8.0),
    ("robustness", "face embedding"): (2.0, 18.0),
    ("unseen-classes", "embedding"): (4.0, 25.0),
    ("verification", "hash"): (0.6, 3.0),
    ("verification", "pixels"): (0.4, 1.5),
    ("verification", "local features"): (1.2, 9.0),
    ("verification", "face embedding"): (12.0, 42.0),
}
"""Seconds of a cell by task and family, smoke and standard, where nothing like it ever ran here: rough figures of one
machine of two cores, corrected by the run's own cells from the first on. Anything not named takes a second."""
_OTHERWISE = (0.5, 1.5)
_GROWTH = 0.4
"""Of those seconds, what as many images again as a sampled standard subset has add: networks and timing, which are most
of a cell, ask for no more of them."""
_WEIGHT = 10.0
"""Seconds that the forecast itself weighs against what finished cells took."""


def typical_seconds(task: str, family: str, size: str, images: int) -> float:
    """Seconds of such a cell over so many images on a common machine; `size` is smoke, standard or full."""
    smoke, standard = _FIRST.get((task, family), _OTHERWISE)
    further = max(0.0, images / STANDARD.images - 1.0)
    return smoke if size == "smoke" else standard * (1.0 + _GROWTH * further)


def expected_seconds(cells: Sequence[PlannedCell], store: Store, registry: Registry) -> dict[PlannedCell, float]:
    """Seconds each cell should take.

    None where it cannot run here; else as long as it took the last time; else as the same method took for this task
    elsewhere, by size; else as its family usually takes here; else as it does on a common machine.
    """
    known = all(planned.last_seconds is not None for planned in cells)
    families = {spec.id: spec.family for spec in registry}
    # Ratios to what is typical: so that a method's time on one size says something of another.
    by_method: dict[tuple[str, str], list[float]] = {}
    by_family: dict[tuple[str, str], list[float]] = {}
    for cell, row in () if known else store.rows():
        family = families.get(cell.method)
        if family is None or row["status"] != "ok":
            continue
        ratio = row["wall_s"] / typical_seconds(cell.task, family, size_class(cell.subset), _images(row))
        by_method.setdefault((cell.method, cell.task), []).append(ratio)
        by_family.setdefault((family, cell.task), []).append(ratio)
    expected = {}
    for planned in cells:
        cell, family = planned.cell, planned.spec.family
        ratios = by_method.get((cell.method, cell.task)) or by_family.get((family, cell.task)) or [1.0]
        typical = typical_seconds(cell.task, family, size_class(cell.subset), planned.images)
        last = planned.last_seconds
        expected[planned] = 0.0 if planned.obstacle else last if last is not None else median(ratios) * typical
    return expected


def _images(row: CellRow) -> int:
    """Of a stored row's subset: those searched in and for, or those of its pairs."""
    counts = row.get("counts", {})
    return counts.get("images", counts.get("gallery", 0) + counts.get("queries", 0))


class Forecast:
    """Seconds left of a run, told when cells start and end."""

    def __init__(
        self, expected: Mapping[PlannedCell, float], jobs: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._waiting = dict(expected)
        self._running: dict[PlannedCell, tuple[float, float]] = {}
        self._jobs = max(1, jobs)
        self._clock = clock
        self._expected = self._took = _WEIGHT

    @property
    def left(self) -> float:
        """Seconds until the last cell should have ended."""
        pace = min(8.0, max(0.125, self._took / self._expected))
        now = self._clock()
        # A cell that is over its time is given a fifth more of what it should have taken.
        left = {
            planned: max(pace * seconds - (now - since), 0.2 * seconds)
            for planned, (seconds, since) in self._running.items()
        }
        left |= {planned: pace * seconds for planned, seconds in self._waiting.items()}
        return total_seconds(left, self._jobs)

    def started(self, planned: PlannedCell) -> None:
        """A cell has begun."""
        if planned in self._waiting:
            self._running[planned] = (self._waiting.pop(planned), self._clock())

    def finished(self, planned: PlannedCell) -> None:
        """A cell has ended: what it took corrects what the others should."""
        self._waiting.pop(planned, None)
        if begun := self._running.pop(planned, None):
            seconds, since = begun
            self._expected += seconds
            self._took += self._clock() - since


def total_seconds(expected: Mapping[PlannedCell, float], jobs: int) -> float:
    """Seconds of a whole run of `jobs` cells at a time, of which those that are timed run alone."""
    alone = sum(seconds for planned, seconds in expected.items() if planned.is_timed)
    others = [seconds for planned, seconds in expected.items() if not planned.is_timed]
    return alone + max([sum(others) / max(1, jobs), *others], default=0.0)
