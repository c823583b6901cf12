"""What every host does with a task that a run has sent it.

Two cells on one host may not hold at the same time the host itself while a cell is timed, or a GPU: each is a lock on
a file of the host. It holds between the workers of one host, of whatever scheduler or run of the same user, and the
kernel gives it back when its holder dies, however it dies.
"""

import fcntl
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.execution.backends.attempts import (
    ATTEMPTS,
    attempts_begun,
    begin_attempt,
    kept_finished,
    say_started,
)
from benchmarks.execution.backends.contract import BackendError, Finished, Task
from benchmarks.execution.backends.execute import execute
from benchmarks.execution.launch import Outcome
from benchmarks.execution.worker import NOTES
from benchmarks.system.failing import failure
from benchmarks.system.provenance import now, provenance
from datasets.errors import BenchmarkError
from datasets.notes import left_in
from methods import fingerprint
from methods.registry import load_registry


def run_task(task: Task, running: set[int]) -> Finished:
    """The task's next attempt on this host: in a folder of its own, while it holds its tokens. Never raises.

    A task that is sent again because the way back lost its result is not run again.
    `running` holds the process groups of this host that are alive.
    """
    workdir = folder = task.job.workdir
    number = 1
    if known := kept_finished(workdir):
        return known
    try:
        attempt = begin_attempt(workdir)
        if attempt is None:
            return gave_up(task)
        number, folder = attempt
        check_same_code(task)
    except BenchmarkError as error:
        return _finished(Outcome("error", str(error), 0.0, {}, ""), folder, now(), number)
    with tokens_of(task), left_in(folder / NOTES):  # nobody reads what is said here: the run says it again
        started = now()
        job = replace(task.job, workdir=folder)
        try:
            outcome = execute(replace(task, job=job), running, lambda pid: say_started(workdir, pid))
        except OSError as error:  # the disk is full: the run hears of it by this row alone
            outcome = Outcome("error", failure(error) or str(error), 0.0, {}, "")
    return _finished(outcome, folder, started, number)


def gave_up(task: Task) -> Finished:
    """The end of a task whose every attempt ended with the death of its worker."""
    workdir = task.template.directory / task.job.workdir
    begun = attempts_begun(workdir)
    reason = f"the worker it ran on died, {ATTEMPTS} times out of {ATTEMPTS}; its last log is kept beside its row"
    return _finished(Outcome("killed", reason, 0.0, {}, ""), [workdir, *begun][-1], now(), len(begun))


def check_same_code(task: Task) -> None:
    """Raise BackendError where this host would run other code, or other versions, than the run was planned with."""
    spec = load_registry(task.job.plugins).get(task.job.cell.method_id)
    here = fingerprint.package_versions(tuple(task.packages))
    other = [
        f"{name} {here[name]} here, {version} there" for name, version in task.packages.items() if here[name] != version
    ]
    if fingerprint.digest(fingerprint.method_code(spec)) != task.code:
        other.insert(0, f"the code of {spec.id}")
    if other:
        raise BackendError(
            f"{socket.gethostname()} differs from the machine that planned the run ({'; '.join(other)}): "
            "install the same checkout and the pinned constraints on both"
        )


def _finished(outcome: Outcome, workdir: Path, started: str, attempt: int) -> Finished:
    return Finished(outcome, workdir, started, provenance(), socket.gethostname(), attempt)


@contextmanager
def tokens_of(task: Task) -> Iterator[None]:
    """Hold what a task needs; blocks until it is free.

    The host is shared by cells whose times are no results, and held alone by one that is timed. A cell on a GPU holds
    the GPU alone as well, timed or not: its memory is not shared out either.
    """
    with ExitStack() as held:
        held.enter_context(_token("host", alone=task.timed))
        if task.job.cell.device == "gpu":
            visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
            held.enter_context(_token(f"gpu-{re.sub('[^0-9A-Za-z-]+', '-', visible)}", alone=True))
        yield


@contextmanager
def _token(name: str, alone: bool) -> Iterator[None]:
    folder = Path(tempfile.gettempdir(), f"reverse-image-search-benchmark-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f"{name}.token").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
