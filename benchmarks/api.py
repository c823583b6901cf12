"""The Python API, for notebooks and scripts: `from benchmarks import evaluate, load_results, Searcher`.

What a user can put right is raised as `datasets.errors.BenchmarkError`, one line that says what, where and what to do.
"""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.command import run_command
from benchmarks.core.additions import load_plugins
from benchmarks.reporting.frames import load_results
from datasets.errors import ImageError
from datasets.reading import expanded
from datasets.registry import parse_dataset
from methods.spec import OLD_TASKS

if TYPE_CHECKING:
    import pandas as pd
    import PIL.Image

    from benchmarks.search.answer import Answer
    from benchmarks.search.query import Query

__all__ = ["Searcher", "evaluate", "load_results"]

Names = str | Sequence[str]
Place = Path | str


def evaluate(
    methods: Names | None,
    datasets: Names,
    *,
    subset: str = "standard",
    tasks: Names | None = None,
    out: Place = "results",
    data: Place | None = None,
    weights: Place | None = None,
    plugins: Sequence[Place] = (),
    device: str = "auto",
    jobs: int | None = None,
    timeout: float | None = None,
    memory_limit: float | None = None,
    force: bool = False,
    progress: bool = False,
) -> "pd.DataFrame":
    """Run what is not stored yet, as `ris run` does, and return its rows with those of the canaries.

    Every cell (one method on one subset for one task) runs in a process of its own, below one that is no copy of this
    one: a script needs no `if __name__ == "__main__"`, and nothing of this process changes.

    Args:
        methods: ids (see `ris list methods`); None for all.
        datasets: "lfw", "cifar10", "imdb-wiki" or "folder:PATH", each with an optional ":SUBSET".
        subset: smoke, standard or full, where `datasets` names none.
        tasks: names (see `ris list tasks`); None for those that are run by default.
        out: where results are stored and found again.
        data: folder with data sets; RIS_DATA unless given.
        weights: folder with weights; RIS_WEIGHTS unless given.
        plugins: Python files that define METHODS, TASKS, DATASETS, METRICS or COLUMNS.
        device: auto, cpu or gpu.
        jobs: cells at a time.
        timeout: seconds a cell may run.
        memory_limit: GiB a cell may use.
        force: run again what is stored.
        progress: print what the run prints.

    Returns:
        One row for each data set, subset, task and method, with the columns of `load_results`. A cell that could not
        run has a row as well: its `status` is not "ok".

    Raises:
        BenchmarkError: a name is unknown, data are broken, or nothing can be written.
    """
    load_plugins([Path(path) for path in plugins])
    asked = [parse_dataset(text) for text in _listed(datasets)]
    options: Mapping[str, Sequence[Any]] = {
        "-m": _listed(methods),
        "-d": _listed(datasets),
        "--subset": [subset],
        "--task": _listed(tasks),
        "--device": [device],
        "--jobs": [jobs],
        "--timeout": [timeout],
        "--memory-limit": [memory_limit],
        "--out": [out],
        "--data": [data],
        "--weights": [weights],
        "--plugin": plugins,
    }
    flags = [*(["--all"] if methods is None else []), *(["--force"] if force else [])]
    given = [(name, value) for name, values in options.items() for value in values if value is not None]
    run_command(["run", *flags, *(text for name, value in given for text in (name, str(value)))], progress)
    frame = load_results(out, plugins)
    kept = [(name, own or subset) for name, own in asked]
    wanted = np.array([where in kept for where in zip(frame["dataset"], frame["subset"], strict=True)], dtype=bool)
    if methods is not None:
        wanted &= frame["method"].isin(_listed(methods)) | (frame["family"] == "canary")
    if tasks is not None:
        wanted &= frame["task"].isin([OLD_TASKS.get(name, name) for name in _listed(tasks)])
    return frame[wanted].reset_index(drop=True)


class Searcher:
    """A method ready to search a folder of images (or a data set); indexed once, and kept for the next time.

    The folder is only read: its index lies in your cache folder, or in `index`. Not for several threads at once.
    """

    def __init__(
        self,
        folder: Place,
        method: str | None = None,
        *,
        index: Place | None = None,
        data: Place | None = None,
        weights: Place | None = None,
        plugins: Sequence[Place] = (),
        results: Place = "results",
    ) -> None:
        """Index what is new in `folder` ("lfw:smoke" and the like name a data set).

        Without `method` it is the one with the best hit@1 in the tables in `results`, or in the published ones, that
        runs here. `data` and `weights` are RIS_DATA and RIS_WEIGHTS unless given. Raises BenchmarkError where there is
        no image, or the method cannot run here.
        """
        from benchmarks.search.opening import default_index_dir, open_searchers
        from benchmarks.search.searcher import Places

        chosen = Path(index) if index else _environment("RIS_INDEX") or default_index_dir()
        places = Places(chosen, _given(weights, "RIS_WEIGHTS"), _given(data, "RIS_DATA"))
        files = [Path(path) for path in plugins]
        (self._searcher,) = open_searchers(str(folder), [method] if method else None, places, Path(results), files)
        self.method: str = self._searcher.spec.id
        """Its id."""

    def __len__(self) -> int:
        """Images that can be found."""
        return len(self._searcher.indexed.ids)

    def search(self, image: "Place | bytes | np.ndarray | PIL.Image.Image", k: int = 10) -> "Answer":
        """The `k` images most like `image`, best first, in `.hits`: rank, path, label, score of each.

        `image` is a file's path, its bytes, a PIL image, or RGB pixels as uint8 (height, width, 3). `.verdict` says
        whether the best hit is a match. Raises ImageError for what is no image or too small to search for.
        """
        return self._searcher.search(_query(image), k)


def _query(image: "Place | bytes | np.ndarray | PIL.Image.Image") -> "Query":
    import PIL.Image

    from benchmarks.search.query import queries_of, read_query

    if isinstance(image, str | Path):
        (query,) = queries_of([os.fspath(expanded(image).absolute())])  # neither "-" nor "@list" is meant
        return query
    if isinstance(image, bytes):
        return read_query(image, "image")
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ImageError(f"pixels are uint8 (height, width, 3), not {image.dtype} {image.shape}")
        image = PIL.Image.fromarray(image)
    if not isinstance(image, PIL.Image.Image):
        raise ImageError(f"search takes a path, bytes, a PIL image or an array of pixels, not {type(image).__name__}")
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return read_query(encoded.getvalue(), "image")


def _listed(names: Names | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _given(place: Place | None, variable: str) -> Path | None:
    return Path(place) if place else _environment(variable)


def _environment(variable: str) -> Path | None:
    return Path(os.environ[variable]) if os.environ.get(variable) else None
