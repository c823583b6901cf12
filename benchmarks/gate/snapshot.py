"""What the gate keeps of a run: per cell what was asked, how it ended, and a value for every query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.core.cells import Cell

DECIMALS = 4
"""Per-query values are kept to so many places, on both sides of a comparison."""

UNTRAINED = "untrained"


@dataclass(frozen=True, eq=False)
class CellRecord:
    """One cell. `values` has (q,) float64 by metric name, NaN for queries without a positive; empty without a result.

    The first metric is the one whose queries are called right or wrong.
    """

    cell: Cell
    status: str
    """"ok", "untrained", or how it failed."""
    reason: str
    title: str
    """The data set as tables show it: "lfw (synthetic)"."""
    protocol: int
    seed: int
    manifest: str
    threads: int
    queries: tuple[str, ...] = ()
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    memory: int | None = None
    """Peak bytes of a retrieval cell, over what the process held after its imports."""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """The cell for people: "hog on cifar10:standard, retrieval"."""
        return self.cell.title + ("" if self.cell.device == "cpu" else f" ({self.cell.device})")

    @property
    def has_accuracy(self) -> bool:
        """Whether there are values to compare."""
        return self.status == "ok" and bool(self.values)


@dataclass(frozen=True)
class Update:
    """Why a baseline was written: one line a change, oldest first."""

    date: str
    reason: str
    commit: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One side of a comparison. `source` says where it was read from; a run has no updates."""

    source: str
    cells: Mapping[Cell, CellRecord]
    updates: tuple[Update, ...] = ()

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Of the cell that comes last: commit, machine, versions; empty where nothing is stored."""
        return next((record.provenance for record in reversed(list(self.cells.values()))), {})


def make_snapshot(source: str, records: Iterable[CellRecord], updates: Iterable[Update] = ()) -> Snapshot:
    """A snapshot with its cells in order."""
    ordered = sorted(records, key=lambda record: record.cell)
    return Snapshot(source, {record.cell: record for record in ordered}, tuple(updates))
