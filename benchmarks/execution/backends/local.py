"""Cells on this machine, forked from this process's own template."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.execution.backends.contract import Finished, Stopped, Task, Template
from benchmarks.execution.backends.execute import end, execute
from benchmarks.execution.launch import prepare
from benchmarks.system.provenance import now, provenance


class LocalBackend:
    """What a run does unless told otherwise."""

    name = "local"
    keeps_apart = True

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._stopped = False
        self._machine = Machine()

    def open(self, template: Template) -> None:
        """Start the template process."""
        prepare(template.packages, template.threads, template.log, dict(template.environment))

    def run(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        """Run the cell and watch it, once nothing runs that it must not run beside."""
        with self._machine.held(alone=task.timed):
            if self._stopped:
                raise Stopped
            started = now()
            outcome = execute(task, self._running, on_start, lambda: self._stopped)
        if self._stopped and outcome.status != "ok":
            raise Stopped
        return Finished(outcome, task.job.workdir, started, provenance(), socket.gethostname())

    def stop(self) -> None:
        """Kill the cells that are running."""
        self._stopped = True
        end(self._running)

    def close(self) -> None:
        """Nothing to let go: the template ends with this process."""


class Machine:
    """Held by many threads at a time, or by one alone; one that waits to be alone comes before those that share."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = 0
        self._alone = False
        self._waiting = 0

    @contextmanager
    def held(self, alone: bool) -> Iterator[None]:
        """Wait for the machine, and give it back."""
        with self._changed:
            self._waiting += alone
            self._changed.wait_for(
                lambda: not self._alone and not (self._sharing if alone else self._waiting),
            )
            self._waiting -= alone
            self._alone = alone
            self._sharing += not alone
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._sharing -= not alone
                self._changed.notify_all()
