"""One cell, one process: forked from a server that has done nothing but import libraries, watched, killed as a group.

Forking a clean template gives each cell a fresh process without paying seconds of imports again and again. The server
never computes, so a child starts with no threads, no models and no data of any other cell.
"""

import errno
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing import forkserver
from pathlib import Path

from benchmarks.core.tasking.registry import OWN_MODULES
from benchmarks.execution.worker import FAILURE, LOG, NOTES, RESULT, UNWRITTEN, Job, run_job, thread_environment
from benchmarks.system.devices import KERAS_BACKENDS, device_environment
from benchmarks.system.files import read_json, require_room
from benchmarks.system.logs import LARGEST, tail, trim
from benchmarks.system.processes import BLANK, MARK, Family, begin, start_tracker
from benchmarks.system.temporary import temporary_folder, use
from datasets.errors import BenchmarkError
from datasets.notes import say_again
from datasets.safe_text import REASON, one_line

_POLL_SECONDS = 0.05
_MEMORY_POLL_SECONDS = 0.25
_LOG_WHILE_RUNNING = 16 * LARGEST
"""Bytes of log at which its middle is cut out although the cell still writes."""

_PRELOAD = (
    "benchmarks.system.template",
    "faiss",  # what counts differing bits, for plug-ins too: its import is no cost of a method, nor is that of the next
    "numkong",
    "numpy",
    "psutil",
    "threadpoolctl",
    *OWN_MODULES,
    "benchmarks.core.additions",
    "datasets.registry",
    "methods.building",
    "methods.catalogue",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "pillow_heif",
)
"""What every cell imports, whatever its method; one that is not installed is passed over."""
_MODULES: dict[str, tuple[str, ...]] = {
    "sklearn": ("sklearn.neighbors", "sklearn.cluster", "sklearn.svm", "sklearn.preprocessing"),
    "face_recognition_models": (),  # a folder of files; importing it would drag setuptools in
}


CPU = device_environment("cpu", KERAS_BACKENDS[0])
"""The environment of a run that uses no GPU."""


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: a status of `ok | timeout | oom | killed | unavailable | error`, why, and what it measured."""

    status: str
    reason: str
    seconds: float
    result: Mapping[str, object]
    log_tail: str

    def __post_init__(self) -> None:
        """What a method says of its own failure may be of any length and hold anything: bounded before it is kept."""
        object.__setattr__(self, "reason", one_line(str(self.reason), REASON))


def prepare(packages: Iterable[str], threads: int, log: Path, environment: Mapping[str, str] = CPU) -> None:
    """Start the template process, which imports `packages`; a later call finds it running and changes nothing.

    What libraries print while they are imported goes to `log`.
    """
    os.environ.update(thread_environment(threads) | dict(environment) | {MARK: BLANK})
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    modules = [module for package in sorted(set(packages)) for module in _MODULES.get(package, (package,))]
    multiprocessing.get_context("forkserver").set_forkserver_preload([*_PRELOAD, *modules])
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with log.open("w") as file:
            os.dup2(file.fileno(), 2)
        start_tracker()
        forkserver.ensure_running()
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def run_isolated(
    job: Job,
    timeout: float,
    memory_limit: int,
    on_start: Callable[[int], None] = lambda pid: None,
    entry: Callable[..., None] = run_job,
) -> Outcome:
    """Run a job to its end, its timeout (seconds) or its memory limit (bytes); never raises for what the cell did.

    Raises OSError where the disk that results are stored on is full: no other cell could leave anything either.

    `entry` is what the fresh process calls with the job.
    """
    with temporary_folder() as scratch:
        family = Family(job.out)
        target = partial(within, scratch, family.mark, entry, job)
        return _run(target, family, job.workdir, timeout, memory_limit, on_start)


def within(scratch: Path, mark: str, entry: Callable[..., None], *arguments: object) -> None:
    """Call `entry` in a process that bears `mark`, and whose temporary files lie in `scratch`; its parent ends both."""
    # What the template imported stays: each look through its half a million objects, of which a large network causes
    # ten, takes a quarter of a second and copies the memory that they lie in.
    gc.freeze()
    begin(mark)
    use(scratch)
    entry(*arguments)


def _run(
    target: Callable[[], None],
    family: Family,
    workdir: Path,
    timeout: float,
    memory_limit: int,
    on_start: Callable[[int], None],
) -> Outcome:
    process = multiprocessing.get_context("forkserver").Process(target=target)
    try:
        process.start()
    except (EOFError, ConnectionError, BrokenPipeError) as error:
        raise BenchmarkError(
            "no process can be started: the one that they are forked from has ended, as happens where memory is short; "
            "raise its limit (ulimit -v), then the same command goes on from what is stored"
        ) from error
    # Not before: the first process of a run waits until the template has imported every library: that is no job's time.
    start = time.perf_counter()
    pid = process.pid or 0
    on_start(pid)
    stopped = None
    try:
        next_look = 0.0
        while process.is_alive():
            process.join(_POLL_SECONDS)
            elapsed = time.perf_counter() - start
            if elapsed > timeout:
                stopped = ("timeout", f"ran longer than {timeout:.0f} s; raise --timeout or choose a smaller subset")
                break
            if elapsed >= next_look:
                next_look = elapsed + _MEMORY_POLL_SECONDS
                trim(workdir / LOG, _LOG_WHILE_RUNNING)
                if (used := family.memory(pid)) > memory_limit:
                    stopped = ("oom", f"used {used / 2**30:.1f} GiB, over the limit of {memory_limit / 2**30:.1f} GiB")
                    break
    finally:
        family.end(pid)
        process.join()
    seconds = time.perf_counter() - start
    return _outcome(workdir, stopped, process.exitcode, seconds)


def _outcome(workdir: Path, stopped: tuple[str, str] | None, exitcode: int | None, seconds: float) -> Outcome:
    result = read_json(workdir / RESULT)
    failure = read_json(workdir / FAILURE)
    trim(workdir / LOG)
    last_lines = tail(workdir / LOG)
    say_again(workdir / NOTES)
    if stopped:
        return Outcome(*stopped, seconds, {}, last_lines)
    if result is not None:
        return Outcome("ok", "", seconds, result, "")
    if failure is not None:
        if full := failure.get("full"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), full)
        return Outcome(failure["status"], failure["reason"], seconds, {}, last_lines)
    if exitcode == UNWRITTEN:
        require_room(workdir)
    return Outcome("killed", ended_by(exitcode), seconds, {}, last_lines)


def ended_by(exitcode: int | None) -> str:
    """In words, how a process ended that left no result."""
    name = signal.Signals(-exitcode).name if exitcode is not None and exitcode < 0 else f"exit code {exitcode}"
    hint = " (the kernel does this when memory runs out)" if name == "SIGKILL" else ""
    return f"its process ended by {name}{hint}"
