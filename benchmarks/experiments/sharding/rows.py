"""Rows of blocks on disk: a file a block, in a folder that all workers see; with them the sum of their rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.experiments.sharding.blocks import Block
from benchmarks.experiments.sharding.search import has_row
from benchmarks.system.files import write_atomically
from datasets.array_files import UNREADABLE, opened_arrays
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from methods.contracts import Encoder
from methods.vector_method import embed_in_batches

Role = Literal["gallery", "query"]
FORM = 2
"""Raised when what a file holds changes: earlier files are then passed over."""
_ARRAYS = ("rows", "total", "counted", "owner")


@dataclass(frozen=True)
class BlockRows:
    """Where the rows of one encoder over one subset lie, cut in one way."""

    folder: Path

    def extract(self, encoder: Encoder, images: ImageSet, role: Role, blocks: tuple[Block, ...]) -> int:
        """Encode the blocks whose rows are not there yet; how many that were.

        A worker that dies has lost the block it was at, and no other.
        """
        missing = [block for block in blocks if not self._is_whole(role, block)]
        for block in missing:
            rows = embed_in_batches(encoder, images[block.start : block.stop])
            with write_atomically(self._path(role, block)) as file:
                found = rows[has_row(rows)]
                total = found.sum(axis=0, dtype=np.float64)
                np.savez(file, rows=rows, total=total, counted=len(found), owner=self._owner(role, block))
        return len(missing)

    def block(self, role: Role, block: Block) -> np.ndarray:
        """The rows (n, d) of a block."""
        return self._read(role, block, "rows")

    def all(self, role: Role, blocks: tuple[Block, ...]) -> np.ndarray:
        """The rows (n, d) of several blocks in one array."""
        return np.concatenate([self.block(role, block) for block in blocks])

    def centre(self, blocks: tuple[Block, ...]) -> np.ndarray:
        """The mean (d,) float32 of a gallery's rows; sums are taken by block, so whoever asks gets the same bits."""
        total = sum(self._read("gallery", block, "total") for block in blocks)
        counted = sum(int(self._read("gallery", block, "counted")) for block in blocks)
        return np.asarray(total / max(counted, 1), dtype=np.float32)

    def _read(self, role: Role, block: Block, name: str) -> np.ndarray:
        with opened_arrays(self._path(role, block)) as stored:  # reads no more than is asked for
            return stored[name]

    def _is_whole(self, role: Role, block: Block) -> bool:
        """Whether the block is there and is as it was written, else that is said: zip keeps a checksum of each array.

        One in the place of another is none of this gallery's.
        """
        path = self._path(role, block)
        try:
            rows, *_, owner = (self._read(role, block, name) for name in _ARRAYS)
            if len(rows) != block.stop - block.start or str(owner) != self._owner(role, block):
                raise ValueError(f"it holds {len(rows)} rows of {owner}")
        except FileNotFoundError:
            return False
        except UNREADABLE as error:
            note_damage(path, error, "its rows are made again")
            return False
        return True

    def _owner(self, role: Role, block: Block) -> str:
        return f"{self.folder.name}/{self._path(role, block).name}"

    def _path(self, role: Role, block: Block) -> Path:
        return self.folder / f"{role}-{block.number:06d}.npz"
