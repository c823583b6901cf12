"""The inside of a cell's process: build, measure, leave a result file. Everything printed goes to the cell's log."""

import contextlib
import errno
import os
import random
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.protocol import SEED, Timing, size_class
from benchmarks.system.devices import KERAS_BACKENDS, asked_backend, device_facts, set_threads
from benchmarks.system.files import write_json
from benchmarks.system.processes import end_descendants
from datasets.errors import BenchmarkError
from datasets.notes import left_in
from datasets.safe_text import REASON, one_line
from methods import progress
from methods.engines.registry import PLAIN
from methods.memory import TooLargeError, hold_to, machine_bytes

if TYPE_CHECKING:
    from benchmarks.core.tasking.context import CellContext
    from datasets.dataset import Dataset
    from methods.registry import Registry
    from methods.spec import MethodSpec

LOG = "log.txt"
RESULT = "result.json"
FAILURE = "failure.json"
NOTES = "notes.txt"
"""What the cell's process noted, for the command to say (see datasets.notes)."""
UNWRITTEN = 74
"""Exit code of a cell's process that could not even leave why it failed."""
PROGRESS = "progress"
"""How far the cell has come (see methods.progress), while it runs."""

_OTHER_ENGINES = frozenset({"torch", "onnxruntime", "openvino"})
_ROOM = 4 * 2**30
"""Bytes of the machine's memory for each process that encodes."""


@dataclass(frozen=True)
class Job:
    """All a fresh process needs to run one cell; picklable."""

    cell: Cell
    workdir: Path
    out: Path
    data_dir: Path | None
    manifest: Path
    weights: Path | None
    embeddings: Path
    plugins: tuple[Path, ...]
    threads: int
    timing: Timing
    engine: str = PLAIN
    """What an encoder's networks run on, whatever is measured; `embeddings` holds rows made on it."""
    keep_rankings: bool = False
    """Whether whole rankings are stored, however large."""
    memory_limit: int | None = None
    """Bytes, where a limit was asked for: what cannot fit is refused before it is begun."""
    of_run: Path | None = None
    """See CellContext."""


def run_job(job: Job) -> None:
    """Entry point of the child process of a cell."""
    contained(job, _measure)


def contained(job: Job, measure: Callable[[Job], Mapping[str, object]]) -> None:
    """Leave what `measure` finds, or why it could not; in a process group of its own, with all output in the log."""
    os.setsid()
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(f"cell {job.cell.method}"[:15])
    log = (job.workdir / LOG).open(
        "a", buffering=1, encoding="utf-8", errors="backslashreplace"
    )  # appends: it may be cut
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    sys.stdout = sys.stderr = log
    try:
        with progress.shown_in(job.workdir / PROGRESS), left_in(job.workdir / NOTES):
            result = measure(job)
        write_json(job.workdir / RESULT, result)
    except BaseException as error:
        code = UNWRITTEN
        with contextlib.suppress(OSError):  # the disk is full: that nothing could be left is said by the exit code
            traceback.print_exc()
            log.flush()
        with contextlib.suppress(OSError):
            found = {"status": _status(error), "reason": _reason(error), "full": _full_disk(error, job.workdir)}
            write_json(job.workdir / FAILURE, found)
            code = 1
        end_descendants()
        os._exit(code)
    with contextlib.suppress(OSError):
        log.flush()
    end_descendants()
    os._exit(0)  # skip the interpreter's teardown: threads of native libraries may hang there


def _measure(job: Job) -> dict[str, object]:
    from benchmarks.core.tasking.registry import tasks_of

    context, dataset = open_cell(job)
    task = tasks_of(_registry(job.plugins)).get(job.cell.task)
    manifest = task.manifest_type.from_json(job.manifest.read_text(encoding="utf-8"), dataset)
    result = dict(task.run(context, manifest, Store(job.out)))
    if "keras" in context.spec.requires:
        result["device"] = device_facts(context.spec, job.cell.device)
    return result


def open_cell(job: Job) -> "tuple[CellContext, Dataset]":
    """The job's method with what it may use, and its data set; threads and seeds are set."""
    from benchmarks.core.tasking.context import CellContext
    from datasets.registry import open_dataset
    from methods.building import Surroundings

    set_threads(job.threads)
    set_seeds()
    if job.memory_limit:
        hold_to(job.memory_limit)
    spec = _registry(job.plugins).get(job.cell.method_id)
    dataset = open_dataset(job.cell.dataset, job.data_dir, Store(job.out).drawings)
    models = Store(job.out).cache / "models"
    surroundings = Surroundings(job.weights, size_class(job.cell.subset), models, job.data_dir, job.engine)
    processes = job.threads if _may_share_out(job, spec) else 1
    context = CellContext(
        spec, surroundings, job.embeddings, job.workdir, job.timing, job.keep_rankings, processes, job.of_run
    )
    return context, dataset


@cache
def _registry(plugins: tuple[Path, ...]) -> "Registry":
    """Loaded once a process: checking every method takes a tenth of a second."""
    from benchmarks.core.additions import load_plugins

    return load_plugins(plugins)


def _may_share_out(job: Job, spec: "MethodSpec") -> bool:
    """Whether rows may be made by several processes of one thread each: they are the same, and there is room for it.

    Other engines take threads in ways of their own; a memory limit is for one network.
    """
    plain = job.engine == PLAIN and not _OTHER_ENGINES & set(spec.requires)
    keras = asked_backend() == KERAS_BACKENDS[0] or "keras" not in spec.requires
    room = job.memory_limit is None and machine_bytes() >= job.threads * _ROOM
    return plain and keras and room and job.cell.device == "cpu"


def thread_environment(threads: int) -> dict[str, str]:
    """Environment for libraries that read their thread count when they are imported."""
    # NPROC is JAX's: it sizes the pool of threads on which a program computes.
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")
    return {name: str(threads) for name in names}


def set_seeds() -> None:
    """Seed every generator that a library of this process draws from."""
    random.seed(SEED)
    np.random.seed(SEED % 2**32)
    if "cv2" in sys.modules:
        sys.modules["cv2"].setRNGSeed(SEED)
    if "keras" in sys.modules:
        _seed_keras(sys.modules["keras"])


def _seed_keras(keras: Any) -> None:
    """Seed what Keras computes with: its own numbers come from Python's generator, which is seeded.

    Its `set_random_seed` would import TensorFlow, for seconds, even where it computes with something else.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow" or "tensorflow" in sys.modules:
        keras.utils.set_random_seed(SEED)
    elif backend == "torch":
        sys.modules["torch"].manual_seed(SEED)


def _status(error: BaseException) -> str:
    if isinstance(error, MemoryError | TooLargeError):
        return "oom"
    return "unavailable" if isinstance(error, ImportError) else "error"


def _full_disk(error: BaseException, workdir: Path) -> str:
    """What could not be written for want of room on the disk that the run stores on too; "" for any other error."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT) or not error.filename:
        return ""
    path = Path(os.fsdecode(error.filename))
    with contextlib.suppress(OSError):
        place = next(each for each in (path, *path.parents) if each.exists())
        return str(path) if place.stat().st_dev == workdir.stat().st_dev else ""
    return ""


def _reason(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception as unsaid:
        said = f"(its text cannot be read: {type(unsaid).__name__})"
    return one_line(said if isinstance(error, BenchmarkError) else f"{type(error).__name__}: {said}", REASON)
