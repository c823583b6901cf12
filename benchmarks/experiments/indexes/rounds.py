"""Interleaved rounds: every setting of every index has a turn in each, in a new order; and an index's process as its
session sees it.
"""

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.execution.launch import within
from benchmarks.experiments.indexes.participant import IndexJob, serve
from benchmarks.experiments.indexes.sweep import Build, Settings
from benchmarks.experiments.rounds import Calibration, interleaved, said
from benchmarks.experiments.server import Child, Server
from benchmarks.rows.comparisons import BuildFacts

Entry = Callable[[IndexJob, Connection], None]
"""What a process of its own does with a job."""

_MOST_QUERIES, _LEAST_QUERIES = 50, 3


class Worker(Server):
    """One build of the sweep."""

    def __init__(self, build: Build, job: IndexJob, memory_limit: int, entry: Entry = serve) -> None:
        # The vectors, mapped from a file, are everyone's.
        super().__init__(job.folder, job.log, memory_limit, shared=False)
        self.build = build
        self.job = job
        self._entry = entry
        self.facts: BuildFacts = {}

    def start(self, patience: float) -> None:
        """Start the process and wait, `patience` seconds at most, until its index is built."""
        if self.build.obstacle:
            self.status, self.reason = "unavailable", self.build.obstacle
            return
        if facts := self.begin(self._forked, patience):
            self.facts = facts

    def ask(self, order: str, patience: float, **arguments: Any) -> Any:
        """The answer to an order; None where the process failed, now or before."""
        return self.tell((order, arguments), patience)

    def _forked(self, scratch: Path, mark: str) -> Child:
        context = multiprocessing.get_context("forkserver")
        ours, theirs = context.Pipe()
        process = context.Process(target=within, args=(scratch, mark, self._entry, self.job, theirs))
        process.start()
        theirs.close()

        def join(seconds: float) -> int | None:
            process.join(seconds)
            return process.exitcode

        return Child(process.pid or 0, join, ours)


class Entrant:
    """One setting of a build, and the samples of its turns."""

    def __init__(self, worker: Worker, settings: Settings) -> None:
        self.worker = worker
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
        return " ".join([self.worker.job.title, *(f"{name}={value}" for name, value in self.settings.items())])


@dataclass(frozen=True)
class Budget:
    """How long a session may take."""

    rounds: int = 8
    seconds: float = 0.15
    """Of single queries in a turn: 3 to 50 of them."""


def take_turns(entrants: Sequence[Entrant], budget: Budget, patience: float, say: Callable[[str], None]) -> Calibration:
    """Time all entrants round by round; their samples are left in them. An answer may take `patience` seconds.

    Returns the calibration: the machine's pace before the first turn and after each. An index that fails takes no
    further part and costs the others nothing.
    """
    for entrant in entrants:
        pace = entrant.worker.ask("pace", patience, settings=entrant.settings)
        if pace:
            entrant.queries = int(np.clip(budget.seconds / pace, _LEAST_QUERIES, _MOST_QUERIES))
    calibration = Calibration()
    for entrant in interleaved(entrants, budget.rounds, calibration, said(budget.rounds, say)):
        turn = entrant.worker.ask("turn", patience, settings=entrant.settings, queries=entrant.queries)
        if turn is not None:
            entrant.single.append(turn[0])
            entrant.batched.append(turn[1])
    return calibration
