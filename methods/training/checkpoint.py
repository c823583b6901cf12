"""The state of a training in one file, written often enough to lose little and seldom enough to cost little."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from datasets.array_files import UNREADABLE, opened_arrays
from datasets.notes import note_damage
from datasets.replacing import write_atomically
from methods.training.curves import Epoch

CHECKPOINT = "checkpoint.npz"

EVERY = 10.0
"""Seconds between two checkpoints at least."""

GROUPS = ("weights", "optimiser", "best")

SHARE = 0.05
"""Of the time since the last checkpoint, what writing one may take."""


@dataclass(frozen=True)
class State:
    """All that the next epoch depends on. Arrays are in the network's and the optimiser's own order."""

    weights: Sequence[np.ndarray]
    optimiser: Sequence[np.ndarray]
    best: Sequence[np.ndarray]
    """Weights after the best epoch so far; none where nothing chooses between epochs."""
    epochs: Sequence[Epoch]


class Checkpoints:
    """Checkpoints of one training in one folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CHECKPOINT
        self._last = time.monotonic()
        self._cost = 0.0

    @property
    def due(self) -> bool:
        """Has enough been learned since the last one to be worth writing down?"""
        return time.monotonic() - self._last >= max(EVERY, self._cost / SHARE)

    def save(self, state: State) -> None:
        """Replace the checkpoint; a kill in the middle leaves the one before."""
        start = time.monotonic()
        arrays = {f"{name}/{number:04d}": array for name in GROUPS for number, array in enumerate(getattr(state, name))}
        epochs = json.dumps([asdict(epoch) for epoch in state.epochs])
        save_arrays(self._path, {**arrays, "epochs": np.array(epochs)})
        self._last = time.monotonic()
        self._cost = self._last - start

    def load(self) -> State | None:
        """The state that was saved last; None where there is none, or none that can be read."""
        arrays = load_arrays(self._path)
        if arrays is None:
            return None
        groups = {name: [arrays[key] for key in sorted(arrays) if key.startswith(f"{name}/")] for name in GROUPS}
        try:
            epochs = [Epoch(**values) for values in json.loads(str(arrays["epochs"]))]
        except UNREADABLE as error:
            note_damage(self._path, error, "the training begins anew")
            return None
        return State(groups["weights"], groups["optimiser"], groups["best"], epochs)


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays by name, whole or not at all."""
    with write_atomically(path) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays in `path`, never a pickle; None where it is absent or damaged."""
    try:
        with opened_arrays(path) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        note_damage(path, error, "what it held is made again")
        return None
