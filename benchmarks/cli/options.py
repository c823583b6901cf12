"""Options that several commands share."""

import math
from pathlib import Path
from typing import Annotated

import typer

from datasets.errors import BenchmarkError


def finite(context: typer.Context, parameter: typer.CallbackParam, value: float | None) -> float | None:
    """A number as it is; raises BenchmarkError for inf and nan, which pass every bound of an option."""
    if value is not None and not math.isfinite(value):
        raise BenchmarkError(f"{parameter.opts[0]} {value}: give a finite number, or leave it out")
    return value


DataDir = Annotated[
    Path | None,
    typer.Option("--data", envvar="RIS_DATA", help="Folder with the data sets; synthetic images where one is absent."),
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        "--weights", envvar="RIS_WEIGHTS", help="Folder with weights files; Keras' own cache is looked in too."
    ),
]
OutDir = Annotated[Path, typer.Option("--out", help="Folder for tables, cells and cached embeddings.")]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        help="A Python file that defines METHODS, TASKS, DATASETS, METRICS or COLUMNS; may be given several times.",
    ),
]
Methods = Annotated[list[str] | None, typer.Option("--method", "-m", help="A method's id; may be given several times.")]
Datasets = Annotated[
    list[str] | None,
    typer.Option("--dataset", "-d", help="lfw, cifar10, imdb-wiki or folder:PATH, each with an optional :SUBSET."),
]
Subset = Annotated[str, typer.Option("--subset", help="smoke, standard or full, where -d names none.")]
Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="A task of `list tasks`, several times for several; its default ones unless given."),
]
Device = Annotated[str, typer.Option("--device", help="Where networks compute: auto, cpu or gpu.")]
KerasBackend = Annotated[
    str,
    typer.Option("--keras-backend", envvar="KERAS_BACKEND", help="What Keras computes with: tensorflow, torch or jax."),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        help="What frozen networks run on: keras (the default), graph, openvino, openvino-bf16, or auto for the first "
        "that is equivalent to keras and faster. All of a row runs on it; another engine than keras gets rows of its "
        "own, named METHOD@ENGINE.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="Threads of every library. Unless given: all cores, or one where `run` is asked for smoke subsets alone.",
    ),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=1, callback=finite, help="Seconds one process may run, or take for an answer.")
]
MemoryLimit = Annotated[
    float | None,
    typer.Option(
        "--memory-limit", min=0.1, callback=finite, help="GiB a process may use; 80% of the memory unless given."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Measure again what was measured.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be measured, and stop.")]
Backend = Annotated[
    str,
    typer.Option("--backend", help="Where cells run: local, dask or slurm (docs/fan-out.md)."),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Address of a Dask scheduler; a cluster of this machine's own unless given."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Worker processes of the own Dask cluster; one a core unless given."),
]
Slurm = Annotated[
    list[str] | None,
    typer.Option("--slurm", help="An option of sbatch, as partition=gpu; may be given several times."),
]
