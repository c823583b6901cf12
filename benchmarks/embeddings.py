"""Embeddings computed once per encoder and image content, kept on disk, shared by every accuracy pass.

One folder an encoder (its settings, code, weights and library versions), one file a shard. Rows are keyed by the
sha256 of the image's bytes, so subsets and tasks share them. Shards are written whole as they are made: an interrupted
pass resumes after its last shard. Timed passes never come here.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.files import write_atomically
from datasets.imageset import ImageSet
from methods.answers import check_finite
from methods.contracts import Encoder
from methods.vector_method import Embed, embed_in_batches, empty_rows

SHARD_ROWS = 512


class EmbeddingStore:
    """The rows of one encoder. Calling it is an `Embed` for VectorMethod."""

    def __init__(self, folder: Path, embed: Embed = embed_in_batches) -> None:
        self.folder = folder
        self.embed = embed
        """How rows are made that are not stored yet."""
        self.computed = 0
        """Rows encoded (not found in the store) by this object."""

    def __call__(self, encoder: Encoder, images: ImageSet) -> np.ndarray:
        """Rows (n, d) of `images`, encoding only those whose content is new. Needs `images.digests`."""
        if images.digests is None:
            return self.embed(encoder, images)
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder / "lock"):
            known = {digest for shard in self._shards() for digest in _digests(shard)}
            missing = list({d: p for p, d in enumerate(images.digests) if d not in known}.values())
            for start in range(0, len(missing), SHARD_ROWS):
                shard = images.take(missing[start : start + SHARD_ROWS])
                rows = self.embed(encoder, shard)
                check_finite(type(encoder).__name__, rows)
                self._save(shard.digests or (), rows)
                self.computed += len(shard)
        return self._gathered(images.digests)

    def _gathered(self, digests: Sequence[str]) -> np.ndarray:
        """Rows (n, d) of `digests`, all stored, in one array; never more than one shard is in memory beside it."""
        rows = np.empty((0, 0), dtype=np.float32)
        wanted = np.array(digests, dtype=np.str_)
        for path in self._shards():
            shard = _digests(path)
            place = np.flatnonzero(np.isin(wanted, shard))
            if not len(place):
                continue
            order = np.argsort(shard)
            with np.load(path, allow_pickle=False) as stored:
                found = stored["rows"]
            if not len(rows):
                rows = empty_rows(len(wanted), found.shape[1], found.dtype)
            rows[place] = found[order[np.searchsorted(shard, wanted[place], sorter=order)]]
        return rows

    def _shards(self) -> list[Path]:
        return sorted(self.folder.glob("shard-*.npz"))

    def _save(self, digests: Sequence[str], rows: np.ndarray) -> None:
        path = self.folder / f"shard-{len(self._shards()):05d}.npz"
        with write_atomically(path) as file:
            np.savez(file, allow_pickle=False, digests=np.array(digests, dtype=np.str_), rows=rows)


def _digests(shard: Path) -> np.ndarray:
    with np.load(shard, allow_pickle=False) as stored:  # reads no more of the file than is asked for
        return stored["digests"]


def stand_in_rows(encoder: Encoder, images: ImageSet) -> np.ndarray:
    """Random rows of the encoder's shape, for timing an untrained network's index without encoding a whole gallery."""
    probe = embed_in_batches(encoder, images[:1])
    rng = np.random.default_rng(0)
    return rng.standard_normal((len(images), probe.shape[1]), dtype=np.float32)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
