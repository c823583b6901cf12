"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from datasets.errors import BenchmarkError

LARGEST = 1e12
"""No option takes a number beyond it: seconds, bytes and counts made from one stay numbers that a machine can hold."""


_READ_FOLDERS = ("data_dir", "weights_dir")
"""Parameters of this name are read; a command that writes there calls them otherwise."""


def require_folder(option: str, folder: Path) -> None:
    """Raise BenchmarkError where an option names a folder that is not there: synthetic images would take its place."""
    if not folder.is_dir():
        raise BenchmarkError(f"{option} {folder} is not a folder; leave it out, or give one that exists")


class CheckedCommand(TyperCommand):
    """A command that refuses what passes every bound of an option: numbers without end, empty values, absent folders.

    An empty path (of a variable that is not set, say) would be the current folder.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual; raises BenchmarkError for such a value."""
        for place, value in enumerate(args):
            if not value:
                before = args[place - 1] if place and args[place - 1].startswith("-") else f"argument {place + 1}"
                raise BenchmarkError(f"{before} is empty: give a value, or leave it out")
            if value.startswith("--") and value.endswith("="):
                raise BenchmarkError(f"{value[:-1]} is empty: give a value, or leave it out")
        rest = super().parse_args(ctx, args)
        for parameter in self.params:
            _check_number(parameter.opts[0], ctx.params.get(parameter.name or ""))
            # As it was typed: a variable of the environment may name one that this command has no use for.
            if parameter.name in _READ_FOLDERS and ctx.get_parameter_source(parameter.name).name == "COMMANDLINE":
                require_folder(parameter.opts[0], ctx.params[parameter.name])
        return rest


def _check_number(option: str, value: object) -> None:
    if isinstance(value, list | tuple):
        for each in value:
            _check_number(option, each)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:  # nan is not, either
        shown = f"{value:.6g}" if isinstance(value, float) else f"of {len(str(value))} digits"
        raise BenchmarkError(f"{option} {shown}: give a finite number of at most {LARGEST:.0e}, or leave it out")


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
        max=4096,
        help="Threads of every library. Unless given: all cores, or one where `run` is asked for smoke subsets alone.",
    ),
]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds one process may run, or take for an answer.")]
MemoryLimit = Annotated[
    float | None,
    typer.Option("--memory-limit", min=0.1, help="GiB a process may use; 80% of the memory unless given."),
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
