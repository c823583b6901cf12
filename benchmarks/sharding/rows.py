"""Rows of blocks on disk: a file a block, in a folder that all workers see."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.files import write_atomically
from benchmarks.sharding.blocks import Block
from datasets.imageset import ImageSet
from methods.contracts import Encoder
from methods.vector_method import embed_in_batches

Role = Literal["gallery", "query"]


@dataclass(frozen=True)
class BlockRows:
    """Where the rows of one encoder over one subset lie, cut in one way."""

    folder: Path

    def extract(self, encoder: Encoder, images: ImageSet, role: Role, blocks: tuple[Block, ...]) -> int:
        """Encode the blocks whose rows are not there yet; how many that were.

        A worker that dies has lost the block it was at, and no other.
        """
        missing = [block for block in blocks if not self._path(role, block).exists()]
        for block in missing:
            rows = embed_in_batches(encoder, images[block.start : block.stop])
            with write_atomically(self._path(role, block)) as file:
                np.save(file, rows)
        return len(missing)

    def block(self, role: Role, block: Block) -> np.ndarray:
        """The rows (n, d) of a block."""
        return np.load(self._path(role, block), allow_pickle=False)

    def all(self, role: Role, blocks: tuple[Block, ...]) -> np.ndarray:
        """The rows (n, d) of several blocks in one array."""
        return np.concatenate([self.block(role, block) for block in blocks])

    def _path(self, role: Role, block: Block) -> Path:
        return self.folder / f"{role}-{block.number:06d}.npy"
