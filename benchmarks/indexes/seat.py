"""An index's process as its session sees it, and one setting of it."""

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiments.server import Child, Server
from benchmarks.indexes.participant import IndexJob, serve
from benchmarks.indexes.sweep import Build, Settings
from benchmarks.launch import within


class Seat(Server):
    """One build of the sweep."""

    def __init__(self, build: Build, job: IndexJob, memory_limit: int) -> None:
        # The vectors, mapped from a file, are everyone's.
        super().__init__(job.folder, job.log, memory_limit, shared=False)
        self.build = build
        self.job = job
        self.facts: dict[str, Any] = {}

    def start(self, patience: float) -> None:
        """Start the process and wait, `patience` seconds at most, until its index is built."""
        if self.build.obstacle:
            self.status, self.reason = "unavailable", self.build.obstacle
            return
        self.facts = self.begin(self._forked, patience) or {}

    def ask(self, order: str, patience: float, **arguments: Any) -> Any:
        """The answer to an order; None where the process failed, now or before."""
        return self.tell((order, arguments), patience)

    def _forked(self, scratch: Path, mark: str) -> Child:
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        process = context.Process(target=within, args=(scratch, mark, serve, self.job, theirs))
        process.start()
        theirs.close()

        def join(seconds: float) -> int | None:
            process.join(seconds)
            return process.exitcode

        return Child(process.pid or 0, join, ours)


class Entrant:
    """One setting of a build, and the samples of its turns."""

    def __init__(self, seat: Seat, settings: Settings) -> None:
        self.seat = seat
        self.settings = dict(settings)
        self.queries = 0
        """Of a turn."""
        self.single: list[np.ndarray] = []
        """Seconds (queries,) of each turn."""
        self.batched: list[float] = []
        """Seconds a query of each turn's batch."""
        self.ids = np.empty((0, 0), dtype=np.int32)
        self.scores = np.empty((0, 0), dtype=np.float32)

    @property
    def title(self) -> str:
        """For people: "faiss-hnsw links=16 ef_search=40"."""
        return " ".join([self.seat.job.title, *(f"{name}={value}" for name, value in self.settings.items())])
