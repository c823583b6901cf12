"""What was learned, kept by content: cells that need the same training share it, and nothing else is mistaken for it.

A cell that takes up what another learned reports the seconds and the peak memory that the learning took there.
"""

import fcntl
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from methods import fingerprint
from methods.memory import peak_over, resident_bytes
from methods.stages import spare, spared_seconds
from methods.training.checkpoint import CHECKPOINT, load_arrays, save_arrays

TRAINED = "trained.npz"
SETTINGS = "settings.json"
SECONDS = "seconds.txt"
PEAK = "peak_bytes.txt"


def content_key(
    settings: Mapping[str, object], gallery: ImageSet, modules: tuple[str, ...], packages: tuple[str, ...]
) -> str:
    """Sha256 hex digest of all that decides what is learned (see fingerprint.made_of)."""
    return fingerprint.made_of(modules, settings, gallery, packages)


def kept(
    models: Path | None,
    name: str,
    key: str,
    settings: Mapping[str, object],
    train: Callable[[Path], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """The arrays that `train(folder)` gives: read from `models` if this training was finished before, else made now.

    The folder is `models/NAME-KEY`; `train` leaves its logs and checkpoints in it, and finds those of an interrupted
    training there. Processes that want the same training wait for the one that has begun. With `models` None
    everything happens in a temporary folder. Raises DataError if the folder cannot be written.
    """
    if models is None:
        with tempfile.TemporaryDirectory(prefix="training-") as passing:
            return train(Path(passing))
    folder = models / f"{name}-{key[:24]}"
    begun = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "lock"):
            arrays = load_arrays(folder / TRAINED)
            if arrays is None:
                return _trained(folder, settings, train)
        # Waiting for another cell to learn it, and reading, are not what learning takes.
        spare(_number(folder / SECONDS) - (time.perf_counter() - begun), int(_number(folder / PEAK)))
        return arrays
    except OSError as error:
        raise DataError(f"cannot keep trained weights in {folder} ({error.strerror}); free or choose it") from error


def _trained(
    folder: Path, settings: Mapping[str, object], train: Callable[[Path], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    (folder / SETTINGS).write_text(json.dumps(dict(settings), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    before, peak_before = _number(folder / SECONDS), int(_number(folder / PEAK))
    start, spared, resident = time.perf_counter(), spared_seconds(), resident_bytes()
    try:
        arrays = train(folder)
    finally:  # an interrupted training goes on from its checkpoint, and its time counts as well
        seconds = before + time.perf_counter() - start + spared_seconds() - spared
        (folder / SECONDS).write_text(f"{seconds:.3f}\n")
        (folder / PEAK).write_text(f"{max(peak_before, peak_over(resident))}\n")
    spare(before, peak_before)
    save_arrays(folder / TRAINED, arrays)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return arrays


def _number(path: Path) -> float:
    """What `path` says of the learning that is behind its folder; 0 where it says nothing."""
    try:
        return float(path.read_text())
    except (OSError, ValueError):
        return 0.0


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for another process that does."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
