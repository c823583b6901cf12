"""How often a task may be started: a folder for each attempt, made by the host that begins it.

Making a folder succeeds once, on a shared file system too. So attempts are counted rightly whoever starts a task again
(the run, a Dask scheduler by its own rule, SLURM requeueing), and an attempt that was given up for dead while it still
writes never writes where the next one does.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.execution.backends.contract import BackendError, Finished
from benchmarks.execution.launch import Outcome
from benchmarks.system.files import read_json, write_json

_STARTED = "started.json"
_FINISHED = "finished.json"

ATTEMPTS = 2
"""A cell that takes its worker down with it twice is not worth a third worker."""


def begin_attempt(workdir: Path) -> tuple[int, Path] | None:
    """The number and the fresh folder of the next attempt in a task's `workdir`; None where all were used up.

    Raises BackendError where `workdir` is not seen from this host.
    """
    for number in range(1, ATTEMPTS + 1):
        folder = workdir / f"attempt-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise BackendError(
                f"{socket.gethostname()} cannot write to {workdir} ({error.strerror}): --out must lie on a file system "
                "that the workers share with the machine that starts the run, at the same path"
            ) from error
        return number, folder
    return None


def attempts_begun(workdir: Path) -> list[Path]:
    """The folders of a task's attempts so far, in order."""
    return sorted(workdir.glob("attempt-?"))


def keep_finished(workdir: Path, finished: Finished) -> None:
    """Leave how an attempt ended beside it: a Dask worker takes results that nobody has fetched yet with it.

    Where `workdir` is not seen from this host, nothing is left.
    """
    if not workdir.is_dir():
        return
    write_json(workdir / _FINISHED, {**asdict(finished), "workdir": finished.workdir.name})


def kept_finished(workdir: Path) -> Finished | None:
    """How the task ended before, if it has been run to its end already."""
    kept = read_json(workdir / _FINISHED)
    if kept is None:
        return None
    return Finished(**{**kept, "outcome": Outcome(**kept["outcome"]), "workdir": workdir / kept["workdir"]})


def say_started(workdir: Path, pid: int) -> None:
    """Leave word that the cell runs in process `pid`, for the machine that waits for it."""
    write_json(workdir / _STARTED, {"pid": pid, "host": socket.gethostname(), "worker": os.getpid()})


class StartWatch:
    """Tells `on_start` the process id of a task's cell once, as soon as a host has left word of it."""

    def __init__(self, workdir: Path, on_start: Callable[[int], None]) -> None:
        self._path = workdir / _STARTED
        self._on_start: Callable[[int], None] | None = on_start

    def look(self) -> None:
        """To be called now and then while the task is waited for, and once at its end."""
        if self._on_start and (word := read_json(self._path)):
            on_start, self._on_start = self._on_start, None
            on_start(word["pid"])
