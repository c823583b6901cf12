"""Rows on disk in files of equally many, memory-mapped when they are read, each with a checksum.

A gallery is embedded shard by shard: no more than one shard of rows and one batch of images is in memory.
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from benchmarks.system.sealed_arrays import map_array, require_sealed, write_sealed
from datasets.errors import BenchmarkError, DataError
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from methods.contracts import Encoder
from methods.vector_method import embed_in_batches


class ShardFolder(Sequence[np.ndarray]):
    """The first `images` rows of a gallery, `rows` a shard (the last may have fewer); item i is shard i, mapped anew.

    A shard's file says in its name which rows it holds, so a longer gallery takes up the whole shards of a shorter one.
    """

    def __init__(self, folder: Path, images: int, rows: int) -> None:
        self.folder = folder
        self.images = images
        self.rows = rows

    def __len__(self) -> int:
        return -(-self.images // self.rows)

    @overload
    def __getitem__(self, number: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[np.ndarray]: ...
    def __getitem__(self, number: int | slice) -> np.ndarray | Sequence[np.ndarray]:
        """Shard `number` (n, d), mapped read-only; raises DataError where it is not there or is damaged."""
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        span = self.span(number)
        try:
            mapped = map_array(self.path(number))
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{self.path(number)} cannot be read ({error}); run again to make it anew") from error
        if mapped.ndim != 2 or len(mapped) != len(span):
            raise DataError(f"{self.path(number)} has shape {mapped.shape}, not {len(span)} rows; delete it, run again")
        return mapped

    def span(self, number: int) -> range:
        """The gallery positions in shard `number`; raises IndexError beyond the last."""
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} shards, no shard {number}")
        return range(number * self.rows, min((number + 1) * self.rows, self.images))

    def path(self, number: int) -> Path:
        """The file of shard `number`."""
        span = self.span(number)
        return self.folder / f"rows-{span.start:09d}-{span.stop:09d}.npy"

    def missing(self) -> list[int]:
        """Shards that are not there, or are not as they were written, which is said. Reads all that are there."""
        return [number for number in range(len(self)) if not self._is_whole(number)]

    def write(self, number: int, rows: np.ndarray) -> None:
        """Put shard `number` in place whole: an interruption leaves the file there or not."""
        write_sealed(self.path(number), rows, self._owner(number))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from filling the folder; raises BenchmarkError where one is at it.

        Files that a killed process left half-written are removed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BenchmarkError(f"another process fills {self.folder}; wait for it to end") from error
            for partial in self.folder.glob(".*.part"):
                partial.unlink(missing_ok=True)
            yield

    def _is_whole(self, number: int) -> bool:
        path = self.path(number)
        try:
            require_sealed(path, self._owner(number))
            self[number]
        except FileNotFoundError:
            return False
        except (OSError, ValueError, DataError) as error:
            note_damage(path, error, "its rows are made again")
            return False
        return True

    def _owner(self, number: int) -> str:
        """Whose rows they are: a shard in the place of another is none of this gallery's."""
        return f"{self.folder.name}/{self.path(number).name}"


@dataclass(frozen=True)
class Extraction:
    """What one call did: shards that were there before and that it made, images it encoded, seconds that took."""

    found: int
    made: int
    images: int
    seconds: float


def extract(encoder: Encoder, images: ImageSet, shards: ShardFolder) -> Extraction:
    """Fill the shards that are missing. Whole shards are never made again, however the call before this one ended.

    A shard is encoded in batches of its own, so its rows are the same whichever call makes it.
    """
    with shards.locked():
        missing = shards.missing()
        start = time.perf_counter()
        encoded = 0
        for number in missing:
            span = shards.span(number)
            shards.write(number, embed_in_batches(encoder, images[span.start : span.stop]))
            encoded += len(span)
        return Extraction(len(shards) - len(missing), len(missing), encoded, time.perf_counter() - start)
