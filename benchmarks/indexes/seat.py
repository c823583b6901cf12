"""An index's process as its session sees it: started, asked, watched, ended."""

import contextlib
import multiprocessing
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from benchmarks.indexes.contestant import IndexJob, serve
from benchmarks.indexes.sweep import Build, Settings
from benchmarks.launch import within
from benchmarks.processes import Family
from benchmarks.temporary import temporary_folder

_LOOK_SECONDS = 0.25


class Seat:
    """One build of the sweep. Once `status` is not "ok" it takes no further part; `reason` says why."""

    def __init__(self, build: Build, job: IndexJob, memory_limit: int) -> None:
        self.build = build
        self.job = job
        self.memory_limit = memory_limit
        self.status = "ok"
        self.reason = ""
        self.facts: dict[str, Any] = {}
        self._family = Family(job.folder)
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._held = contextlib.ExitStack()
        """What goes when the process has ended: its temporary folder."""

    def start(self, patience: float) -> None:
        """Start the process and wait, `patience` seconds at most, until its index is built."""
        if self.build.obstacle:
            self.status, self.reason = "unavailable", self.build.obstacle
            return
        context = multiprocessing.get_context("forkserver")
        self._connection, theirs = context.Pipe()
        scratch = self._held.enter_context(temporary_folder())
        self._process = context.Process(target=within, args=(scratch, self._family.mark, serve, self.job, theirs))
        self._process.start()
        theirs.close()
        self.facts = self._answer(patience) or {}

    def ask(self, order: str, patience: float, **arguments: Any) -> Any:
        """The answer to an order; None where the process failed, now or before."""
        if self.status != "ok" or self._connection is None:
            return None
        with contextlib.suppress(OSError):  # it has ended: found out below
            self._connection.send((order, arguments))
        return self._answer(patience)

    def stop(self) -> None:
        """End the process and whatever it started."""
        if self._process is None or self._process.pid is None:
            return
        self._family.end(self._process.pid)
        self._process.join()
        self._held.close()

    def _answer(self, patience: float) -> Any:
        assert self._connection is not None
        deadline = time.monotonic() + patience
        try:
            while not self._connection.poll(_LOOK_SECONDS):
                if time.monotonic() > deadline:
                    return self._fail("timeout", f"no answer within {patience:.0f} s; raise --timeout")
                if (used := self._memory()) > self.memory_limit:
                    limit = self.memory_limit / 2**30
                    return self._fail("oom", f"used {used / 2**30:.1f} GiB, over the limit of {limit:.1f} GiB")
            answer = self._connection.recv()
        except (EOFError, OSError):
            return self._fail("killed", "its process has ended")
        if isinstance(answer, dict) and "status" in answer:
            return self._fail(answer["status"], answer["reason"])
        return answer

    def _fail(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason
        self.stop()

    def _memory(self) -> int:
        """Bytes that it has for itself: the vectors, mapped from a file, are everyone's."""
        assert self._process is not None and self._process.pid is not None
        return self._family.memory(self._process.pid, shared=False)


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
