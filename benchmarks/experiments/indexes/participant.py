"""One index in a process of its own: built once, then asked in turn with others, under one setting or another."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.execution import timing
from benchmarks.execution.worker import set_seeds, set_threads
from benchmarks.experiments.indexes.vectors import ASKED, GALLERY, map_rows
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.rows.comparisons import BuildFacts
from benchmarks.system.memory import StagePeaks, resident_bytes
from datasets.safe_text import REASON, one_line
from methods.building import resolve
from methods.contracts import Index
from methods.spec import Part

_TRIAL_ROWS = 256
"""Of a first index that is thrown away: it loads the libraries, so that what they take is not the index's."""

_WARM_UP_SECONDS = 0.5


@dataclass(frozen=True)
class IndexJob:
    """All a fresh process needs; picklable."""

    title: str
    part: Part
    folder: Path
    """Where the vectors lie."""
    log: Path
    batch: int
    threads: int


def serve(job: IndexJob, connection: Connection) -> None:
    """Entry point of the child process: answers orders until it is told to stop, or its parent is gone."""
    serve_as(IndexParticipant, job, connection)


def serve_as(kind: "type[IndexParticipant]", job: IndexJob, connection: Connection) -> None:
    """What an entry point does, with a participant of this kind."""
    os.setsid()
    with job.log.open("a", buffering=1) as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        try:
            _answer(kind(job), connection)
        except EOFError:
            pass  # the session is over
        except BaseException as error:
            traceback.print_exc()
            status = "oom" if isinstance(error, MemoryError) else "error"
            connection.send({"status": status, "error": one_line(f"{type(error).__name__}: {error}", REASON)})
        sys.stderr.flush()
        os._exit(0)  # threads of native libraries may hang in the interpreter's teardown


def _answer(participant: "IndexParticipant", connection: Connection) -> None:
    orders = participant.orders
    connection.send(participant.facts)
    while True:
        order, arguments = connection.recv()
        connection.send(orders[order](**arguments))


class IndexParticipant:
    """A built index with its queries; `facts` is what the session records once.

    A kind of gallery of its own is a subclass: how an index is given its rows (`_give`), and asked (`_find`).
    """

    def __init__(self, job: IndexJob) -> None:
        self._queries = np.load(job.folder / ASKED)
        self._batch = self._queries[np.arange(job.batch) % len(self._queries)]
        self._asked = 0
        trial = np.load(job.folder / GALLERY, mmap_mode="r")[:_TRIAL_ROWS].copy()
        make = resolve(job.part)
        first: Index = make(**job.part.params)
        self._give(first, trial)
        self._find(first, self._batch, SEARCH_DEPTH)
        set_threads(job.threads)
        set_seeds()
        del first, trial
        self._before = resident_bytes()
        gallery = map_rows(job.folder, GALLERY)
        self._index: Index = make(**job.part.params)
        peaks = StagePeaks()
        with peaks.stage("build"):
            start = time.perf_counter()
            self._give(self._index, gallery)
            seconds = time.perf_counter() - start
        del gallery
        for place in range(len(self._batch)):  # what a search maps or keeps is resident from then on
            self._find(self._index, self._batch[place : place + 1], SEARCH_DEPTH)
        after = resident_bytes()
        self.facts: BuildFacts = {
            "build_s": seconds,
            "index_bytes": int(self._index.nbytes),
            "disk_bytes": int(getattr(self._index, "disk_bytes", 0)),
            "build_peak_bytes": peaks.stages["build"],
            "resident_bytes": None if self._before is None or after is None else max(0, after - self._before),
        }

    @property
    def orders(self) -> dict[str, Callable[..., Any]]:
        """What it can be told to do, by name."""
        return {"answers": self.answers, "pace": self.pace, "turn": self.turn}

    def answers(
        self, settings: dict[str, int], k: int, places: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores (q, k) of all queries, or of those at `places` (q,)."""
        self._set(settings)
        return self._find(self._index, self._queries if places is None else self._queries[places], k)

    def pace(self, settings: dict[str, int]) -> float:
        """Seconds that one query takes, about; a warm-up too."""
        self._set(settings)
        calls = timing.warm_up(lambda: self._find(self._index, self._next(), SEARCH_DEPTH), _WARM_UP_SECONDS)
        return float(np.median(calls[-5:]))

    def turn(self, settings: dict[str, int], queries: int) -> tuple[np.ndarray, float]:
        """Seconds (queries,) of as many queries, one at a time, and seconds a query of a whole batch.

        One call before each is not counted: the others have had the processor's caches meanwhile.
        """
        self._set(settings)
        self._find(self._index, self._next(), SEARCH_DEPTH)
        single = np.array([self._seconds(self._next()) for _ in range(queries)])
        self._find(self._index, self._batch[:2], SEARCH_DEPTH)
        return single, self._seconds(self._batch) / len(self._batch)

    def _give(self, index: Index, rows: np.ndarray) -> None:
        """Build an index over rows (n, d)."""
        index.add(rows)

    def _find(self, index: Index, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores (q, k) of queries (q, d)."""
        return index.search(queries, k)

    def _seconds(self, queries: np.ndarray) -> float:
        start = time.perf_counter()
        self._find(self._index, queries, SEARCH_DEPTH)
        return time.perf_counter() - start

    def _next(self) -> np.ndarray:
        """The next query, round and round."""
        self._asked = (self._asked + 1) % len(self._queries)
        return self._queries[self._asked : self._asked + 1]

    def _set(self, settings: dict[str, int]) -> None:
        for name, value in settings.items():
            setattr(self._index, name, value)
