"""The course of a training: one line an epoch, as data that reports draw and as event files that TensorBoard reads."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from datasets.array_files import UNREADABLE
from datasets.notes import note_damage
from datasets.reading import require_regular

CURVES = "curves.csv"
EVENTS = "tensorboard"


@dataclass(frozen=True)
class Epoch:
    """Mean cross-entropy (nats) and share of right labels, on the images learned from and on the held-out ones."""

    epoch: int
    """Numbered from 1."""
    learning_rate: float
    loss: float
    accuracy: float
    held_out_loss: float | None
    held_out_accuracy: float | None
    """None where nothing is held out."""
    seconds: float

    def __str__(self) -> str:
        text = f"epoch {self.epoch}: loss {self.loss:.3f}, accuracy {self.accuracy:.3f}"
        if self.held_out_loss is not None:
            text += f"; held out: loss {self.held_out_loss:.3f}, accuracy {self.held_out_accuracy:.3f}"
        return f"{text}; {self.seconds:.1f} s"


def write_curves(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Leave `curves.csv` in `folder`: a column for each field of Epoch, empty where it is None."""
    with (folder / CURVES).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Epoch)])
        writer.writeheader()
        writer.writerows(asdict(epoch) for epoch in epochs)


def read_curves(folder: Path) -> list[Epoch]:
    """The epochs in `folder`; none where no training has left its curves there, or they are damaged, which is noted."""
    path = folder / CURVES
    try:
        require_regular(path)
        with path.open(newline="", encoding="utf-8") as file:
            return [_epoch(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (*UNREADABLE, csv.Error) as error:
        note_damage(path, error, "its curves are not drawn")
        return []


def _epoch(row: dict[str, str]) -> Epoch:
    numbers = {name: float(text) if text else None for name, text in row.items()}
    return Epoch(**{**numbers, "epoch": int(row["epoch"])})  # type: ignore[arg-type]


class EventLog:
    """Scalars for TensorBoard: `tensorboard --logdir FOLDER` draws them.

    TensorFlow's own writer makes the file, so there is none where Keras computes with another backend (`curves.csv`
    holds the same numbers). `tf.summary.scalar`, which would need the tensorboard package to be installed where the
    training runs, does no more than what `add` does.
    """

    def __init__(self, folder: Path) -> None:
        import keras

        self._writer = None
        if keras.backend.backend() != "tensorflow":
            return
        import tensorflow as tf

        self._summary = tf.summary
        self._kind = tf.compat.v1.SummaryMetadata(plugin_data={"plugin_name": "scalars"})
        self._writer = tf.summary.create_file_writer(str(folder / EVENTS))

    def add(self, epoch: Epoch) -> None:
        """Write one epoch's numbers at its own step."""
        if self._writer is None:
            return
        with self._writer.as_default(step=epoch.epoch):
            for name, value in asdict(epoch).items():
                if name != "epoch" and value is not None:
                    self._summary.write(name, np.float32(value), metadata=self._kind)
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()
