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
from typing import NamedTuple

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from datasets.reading import require_regular
from datasets.replacing import write_atomically
from datasets.seals import sealed, unsealed
from methods import fingerprint
from methods.memory import peak_over, resident_bytes
from methods.stages import spare, spared_seconds
from methods.training.checkpoint import CHECKPOINT, load_arrays, save_arrays

TRAINED = "trained.npz"
SETTINGS = "settings.json"
COST = "cost.json"


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
            arrays, cost = load_arrays(folder / TRAINED), _cost(folder)
            if arrays is None or cost is None:
                return _trained(folder, settings, train)
        # Waiting for another cell to learn it, and reading, are not what learning takes.
        spare(cost.seconds - (time.perf_counter() - begun), cost.peak_bytes)
        return arrays
    except OSError as error:
        raise DataError(f"cannot keep trained weights in {folder} ({error.strerror}); free or choose it") from error


def _trained(
    folder: Path, settings: Mapping[str, object], train: Callable[[Path], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    (folder / SETTINGS).write_text(json.dumps(dict(settings), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    # An interrupted training goes on from its checkpoint, and its time counts as well; any other begins anew.
    before = (_cost(folder) if (folder / CHECKPOINT).exists() else None) or _Cost()
    start, spared, resident = time.perf_counter(), spared_seconds(), resident_bytes()
    try:
        arrays = train(folder)
    finally:
        seconds = before.seconds + time.perf_counter() - start + spared_seconds() - spared
        _write_cost(folder, _Cost(seconds, max(before.peak_bytes, peak_over(resident))))
    spare(before.seconds, before.peak_bytes)
    save_arrays(folder / TRAINED, arrays)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return arrays


class _Cost(NamedTuple):
    """What the learning behind a folder took so far."""

    seconds: float = 0.0
    peak_bytes: int = 0


def _write_cost(folder: Path, cost: _Cost) -> None:
    with write_atomically(folder / COST) as file:
        file.write(json.dumps(sealed(cost._asdict())).encode())


def _cost(folder: Path) -> _Cost | None:
    """None where nothing is said of it, or not what was written."""
    try:
        require_regular(folder / COST)
        return _Cost(**unsealed(json.loads((folder / COST).read_text(encoding="utf-8"))))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        note_damage(folder / COST, error, "what was learned is learned again")
        return None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for another process that does."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
