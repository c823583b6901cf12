"""A gallery that changes: which rows are there at first, which go and come in each step; and an index under them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.experiments.indexes.participant import IndexJob, IndexParticipant, serve_as
from benchmarks.experiments.indexes.vectors import GALLERY
from benchmarks.protocol import SEED
from benchmarks.rows.comparisons import ChangeFacts
from benchmarks.system.memory import resident_bytes
from methods.contracts import ChangingIndex, Index

STEPS = 10
"""Changes, each of a tenth of what is in the gallery: as many rows come as go."""


@dataclass(frozen=True)
class Change:
    """One step: ids that go, and then ids that come, (m,) int64 each."""

    gone: np.ndarray
    come: np.ndarray


@dataclass(frozen=True)
class Plan:
    """Rows in the order in which they come; a row's id is its place in it."""

    order: np.ndarray
    """(n,) places in the file of vectors."""
    start: int
    """Rows that are there at first: half of all."""
    changes: list[Change]


def plan_of(rows: int) -> Plan:
    """What happens to a gallery of so many rows: those that go are drawn at random from all that are there."""
    rng = np.random.default_rng(SEED)
    order = rng.permutation(rows)
    start = rows // 2
    size = start // STEPS
    present = np.arange(start)
    changes = []
    for step in range(STEPS):
        gone = rng.choice(present, size, replace=False)
        come = np.arange(start + step * size, start + (step + 1) * size)
        present = np.concatenate([np.setdiff1d(present, gone), come])
        changes.append(Change(gone, come))
    return Plan(order, start, changes)


class ChangingParticipant(IndexParticipant):
    """An index whose gallery changes when it is told to."""

    def __init__(self, job: IndexJob) -> None:
        self._folder = job.folder
        super().__init__(job)

    @property
    def orders(self) -> dict[str, Callable[..., Any]]:
        """As of any index; and "change" and "sizes"."""
        return {**super().orders, "change": self.change, "sizes": self.sizes}

    def change(self, step: int) -> ChangeFacts:
        """Let rows go and come, as planned for a step (0 and up)."""
        assert isinstance(self._index, ChangingIndex)
        change = self._plan.changes[step]
        gallery = np.load(self._folder / GALLERY, mmap_mode="r")
        vectors = np.asarray(gallery[self._plan.order[change.come]])
        del gallery
        start = time.perf_counter()
        self._index.remove(change.gone)
        removed = time.perf_counter()
        self._index.insert(change.come, vectors)
        inserted = time.perf_counter()
        del vectors
        return {"remove_s": removed - start, "insert_s": inserted - removed, **self.sizes()}

    def sizes(self) -> ChangeFacts:
        """What the index takes now."""
        now = resident_bytes()
        resident = None if now is None or self._before is None else max(0, now - self._before)
        return {"index_bytes": int(self._index.nbytes), "resident_bytes": resident}

    def _give(self, index: Index, rows: np.ndarray) -> None:
        self._plan = plan_of(len(rows))
        index.add(rows[self._plan.order[: self._plan.start]])


def serve_changing(job: IndexJob, connection: Connection) -> None:
    """Entry point of the child process."""
    serve_as(ChangingParticipant, job, connection)
