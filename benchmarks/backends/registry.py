"""Backends by name."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.backends.contract import Backend
from datasets.errors import BenchmarkError, UnknownNameError, suggest

BACKENDS = ("local", "dask", "slurm")


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
        from benchmarks.backends.dask import DaskBackend

        return DaskBackend(scheduler, workers)
    if name == "slurm":
        from benchmarks.backends.slurm import SlurmBackend

        return SlurmBackend(folder, slurm or {})
    from benchmarks.backends.local import LocalBackend

    return LocalBackend()
