"""Cells on this machine, forked from this process's own template."""

import socket
from collections.abc import Callable

from benchmarks.backends.contract import Finished, Stopped, Task, Template
from benchmarks.backends.execute import end, execute
from benchmarks.launch import prepare
from benchmarks.provenance import now, provenance


class LocalBackend:
    """What a run does unless told otherwise; with several cells at a time, timed ones disturb each other."""

    name = "local"
    keeps_apart = False

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._stopped = False

    def open(self, template: Template) -> None:
        """Start the template process."""
        prepare(template.packages, template.threads, template.log, dict(template.environment))

    def run(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        """Run the cell and watch it."""
        started = now()
        outcome = execute(task, self._running, on_start)
        if self._stopped and outcome.status != "ok":
            raise Stopped
        return Finished(outcome, task.job.workdir, started, provenance(), socket.gethostname())

    def stop(self) -> None:
        """Kill the cells that are running."""
        self._stopped = True
        end(self._running)

    def close(self) -> None:
        """Nothing to let go: the template ends with this process."""
