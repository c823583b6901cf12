"""A session: participants started side by side, asked in turn, in a new order each round."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.experiments.latency.contestant import ParticipantJob
from benchmarks.experiments.rounds import Calibration, interleaved, said
from benchmarks.experiments.server import Child, Server
from benchmarks.rows.comparisons import ParticipantFacts
from benchmarks.system.processes import MARK
from datasets.errors import BenchmarkError
from datasets.safe_text import REASON, one_line

BATCHES = (1, 4, 8, 16, 32, 64)
"""Numbers of queries asked at once, of which the fastest an image is reported."""


_MODULES = ("benchmarks.experiments.latency.contestant", "benchmarks.latency.contestant")
"""Where a checkout has the participant's process: today, and before the packages were grouped."""

_SELDOM = 5.0
"""Seconds between looks at what a participant takes while it times: looking costs the processor it is timed on."""


class ParticipantError(BenchmarkError):
    """A participant could not be made ready, or failed while it was timed."""


@dataclass(frozen=True)
class Budget:
    """How long a session may take."""

    rounds: int = 10
    queries: int = 20
    """Of a round, for one method, at most."""
    seconds: float = 1.0
    """Of a round, for one method; fewer queries are asked of a slow one, but never fewer than three."""
    batch_seconds: float = 0.5
    """Of each batch size."""
    ready_seconds: float = 900.0
    """Until a participant has to be ready, and until it has to answer."""

    def queries_of(self, pace: float) -> int:
        """How many queries a method that takes `pace` seconds for one is asked in a round."""
        return int(np.clip(self.seconds / max(pace, 1e-6), 3, self.queries))


@dataclass(eq=False)
class Worker:
    """One participant of a session, from its job to its samples."""

    name: str
    job: ParticipantJob
    checkout: Path
    """Whose code it runs."""
    memory_limit: int = sys.maxsize
    """Bytes its process may use."""
    facts: ParticipantFacts = field(default_factory=lambda: ParticipantFacts())
    samples: list[dict[str, np.ndarray]] = field(default_factory=list)
    error: str = ""
    status: str = "ok"
    server: Server | None = None
    queries: int = 0
    """A round."""

    def ask(self, order: Mapping[str, object], patience: float) -> Any:
        """Send an order and wait for its answer; raises ParticipantError where there is none."""
        assert self.server is not None
        return self.answered(self.server.tell(order, patience, _SELDOM))

    def answered(self, answer: Any) -> Any:
        """The answer; raises ParticipantError where the process failed instead."""
        assert self.server is not None
        if answer is None:
            self.status = self.server.status
            raise ParticipantError(f"{self.name}: {self.server.reason}")
        return answer

    def stop(self) -> None:
        """End its process and whatever that started."""
        if self.server is not None:
            self.server.stop()


def take_turns(workers: Sequence[Worker], budget: Budget, on_progress: Callable[[str], None]) -> Calibration:
    """Make every worker ready, then ask all of them round by round; their samples and errors are left in the workers.

    Returns the calibration: two samples before the first round, one after each turn. A worker that fails is left out
    from then on and costs the others nothing.
    """
    calibration = Calibration()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        try:
            for worker in workers:
                on_progress(f"{worker.name}: getting ready")
                log = Path(tempfile.mkdtemp(dir=folder)) / "log.txt"
                _guarded(worker, lambda worker=worker, log=log: _start(worker, log, budget))  # type: ignore[misc]
            for worker in interleaved(workers, budget.rounds, calibration, said(budget.rounds, on_progress)):
                _guarded(worker, lambda worker=worker: _one_round(worker, budget))  # type: ignore[misc]
            for worker in workers:
                on_progress(f"{worker.name}: batches")
                _guarded(worker, lambda worker=worker: _sweep(worker, budget))  # type: ignore[misc]
        finally:
            for worker in workers:
                worker.stop()
    return calibration


def _guarded(worker: Worker, step: Callable[[], None]) -> None:
    if worker.error:
        return
    try:
        step()
    except ParticipantError as error:
        worker.error = one_line(str(error), REASON)
        worker.stop()


def _start(worker: Worker, log: Path, budget: Budget) -> None:
    """Start the participant's process and wait until it is ready."""
    out = Path(worker.job["models"]).parents[1]  # <out>/cache/models
    worker.server = Server(out, log, worker.memory_limit)
    try:
        worker.facts = worker.answered(
            worker.server.begin(partial(_spawned, worker, log), budget.ready_seconds, worker.job)
        )
    except ParticipantError as error:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if worker.status == "killed" else []
        raise ParticipantError(f"{error} {last[0] if last else ''}".strip()) from error
    worker.queries = budget.queries_of(worker.facts["pace_s"])


def _spawned(worker: Worker, log: Path, scratch: Path, mark: str) -> Child:
    """A process in the worker's checkout, which inherits one end of a socket pair."""
    ours, theirs = socket.socketpair()
    with theirs, log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", str(module_in(worker.checkout)), str(theirs.fileno())],
            cwd=worker.checkout,
            env={**os.environ, **worker.job["environment"], "TMPDIR": str(scratch), MARK: mark},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def join(seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return process.returncode

    return Child(process.pid, join, Connection(ours.detach()))


def module_in(checkout: Path) -> str | None:
    """The module of a checkout that runs as a participant's process; None if it has none that can time latency."""
    return next((name for name in _MODULES if (checkout / (name.replace(".", "/") + ".py")).is_file()), None)


def _one_round(worker: Worker, budget: Budget) -> None:
    patience = min(budget.ready_seconds, max(60.0, 50 * worker.queries * worker.facts["pace_s"]))
    worker.samples.append(worker.ask({"do": "round", "queries": worker.queries}, patience))


def _sweep(worker: Worker, budget: Budget) -> None:
    # A size that would take longer than ten budgets by the pace of single queries is not tried.
    sizes = [size for size in BATCHES if size == 1 or size * worker.facts["pace_s"] < 10 * budget.batch_seconds]
    order = {"do": "batches", "sizes": sizes, "seconds": budget.batch_seconds}
    worker.facts["seconds_by_batch"] = worker.ask(order, min(600.0, budget.ready_seconds))
