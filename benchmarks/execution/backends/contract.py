"""The one seam between a run and the engine that its cells are started by; and those engines by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.execution.launch import Outcome
from benchmarks.execution.worker import Job, run_job
from benchmarks.rows.cell import Provenance
from datasets.errors import BenchmarkError, UnknownNameError, suggest

BACKENDS = ("local", "dask", "slurm")


class BackendError(BenchmarkError):
    """The engine that cells are started by cannot be had, or is gone."""


class Stopped(Exception):  # noqa: N818  (no error: what a run that is ended hears from its cells)
    """The cell was ended because the run was; it has no result to be recorded."""


@dataclass(frozen=True)
class Template:
    """What a host imports once, so that the cells forked from it start ready, and the environment it does so in."""

    packages: tuple[str, ...]
    threads: int
    environment: tuple[tuple[str, str], ...]
    log: Path
    """Where what libraries print while they are imported goes."""
    directory: Path
    """What relative paths are relative to."""


@dataclass(frozen=True)
class Task:
    """One cell with all that a host must know to run it; picklable."""

    job: Job
    """Its `workdir` is an empty folder made by the run, in its store."""
    template: Template
    timeout: float
    memory_bytes: int | None
    """Most memory of the cell; None: 80 % of the host's."""
    trained: bool
    engine: str | None
    """What its networks run on; None for a method that engines are not for."""
    timed: bool
    """Its times are results: nothing else may run beside it."""
    code: str
    """Digest of the method's code where the run was planned."""
    packages: Mapping[str, str]
    """Versions of the packages it uses where the run was planned."""
    entry: Callable[[Job], None] = run_job
    """What the cell's process calls."""


@dataclass(frozen=True)
class Finished:
    """How a task ended, and where."""

    outcome: Outcome
    workdir: Path
    """What the cell wrote."""
    started: str
    """In UTC, ISO 8601."""
    provenance: Provenance
    host: str
    attempt: int = 1


class Backend(Protocol):
    """Runs tasks. `run` is called by several threads at a time, between `open` and `close`."""

    @property
    def name(self) -> str:
        """As `--backend` has it."""
        ...

    @property
    def keeps_apart(self) -> bool:
        """True where a timed cell has its host for itself, however many cells are in flight."""
        ...

    def open(self, template: Template) -> None:
        """Make ready for tasks of this template; raises BackendError where the engine cannot be had."""
        ...

    def run(self, task: Task, on_start: Callable[[int], None]) -> Finished:
        """Run a task to its end, whatever that is; `on_start` hears the process id of its cell.

        Raises Stopped where `stop` ended it, BackendError where the engine is gone.
        """
        ...

    def stop(self) -> None:
        """End every cell in flight, wherever it runs."""
        ...

    def close(self) -> None:
        """Let go of everything that `open` took."""
        ...


def make_backend(
    name: str,
    folder: Path,
    scheduler: str | None = None,
    workers: int | None = None,
    slurm: Mapping[str, str] | None = None,
) -> Backend:
    """The backend called `name`; `folder` is where SLURM jobs leave their logs.

    Raises UnknownNameError for a name that is none, BenchmarkError for an option that is another backend's.
    """
    if name not in BACKENDS:
        raise UnknownNameError(suggest("backend", name, BACKENDS))
    for option, value, owner in (
        ("--scheduler", scheduler, "dask"),
        ("--workers", workers, "dask"),
        ("--slurm", slurm, "slurm"),
    ):
        if value and owner != name:
            raise BenchmarkError(f"{option} is for --backend {owner}, not for {name}")
    if name == "dask":
        from benchmarks.execution.backends.dask import DaskBackend

        return DaskBackend(scheduler, workers)
    if name == "slurm":
        from benchmarks.execution.backends.slurm import SlurmBackend

        return SlurmBackend(folder, slurm or {})
    from benchmarks.execution.backends.local import LocalBackend

    return LocalBackend()
