"""Rows of one encoder on disk by image content: memory-mapped shards that only grow, never pickled.

A shard is one .npy file of records (sha256, row), so that it is either there whole or not at all, with a checksum
behind them: a shard of which a byte changed on disk is named, removed, and its rows are made again. An interrupted pass
goes on after its last shard. Small ones are merged into the last, so that a gallery that grows image by image does not
leave a file for each.
"""

import contextlib
import fcntl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.system.files import UNREADABLE
from benchmarks.system.sealed_arrays import map_array, require_sealed, write_sealed
from datasets.notes import note_damage
from methods.memory import let_go
from methods.vector_method import empty_rows, require_rows

SHARD_ROWS = 8192
DIGEST_BYTES = 32
_SEALED = "-crc"
"""At the end of a shard's name: it must have a checksum. One of an older version has neither."""
_BLOCK = 1 << 24
MAPPED = 1 << 26
"""Bytes of rows from which on they are gathered into a file that is mapped, so that an index holds the only copy."""


class RowStore:
    """Rows (n, d) of one encoder, keyed by the sha256 of the image's bytes."""

    def __init__(self, folder: Path) -> None:
        """Open or start the store; a damaged shard is noted and removed, so that its rows are made again."""
        self.folder = folder
        self._shards: list[np.ndarray] = []
        self._paths: list[Path] = []
        self._place: dict[bytes, tuple[int, int]] = {}
        self.reload()

    def reload(self) -> None:
        """Take up what is on disk now."""
        self._shards, self._paths, self._place = [], [], {}
        for path in sorted(self.folder.glob("rows-*.npy")):
            self._take_up(path)

    def __contains__(self, digest: object) -> bool:
        return digest in self._place

    def __len__(self) -> int:
        return len(self._place)

    def gather(self, digests: Iterable[bytes]) -> np.ndarray:
        """Rows (n, d) of `digests`, all of them stored, in one array: many are mapped from a file without a name.

        Raises TooLargeError where they and an index of them would not fit into memory.
        """
        places = np.array([self._place[digest] for digest in digests], dtype=np.int64).reshape(-1, 2)
        if not len(places):
            return np.empty((0, 0), dtype=np.float32)
        layout = self._shards[0].dtype["row"]
        shape = (len(places), layout.shape[0])
        if len(places) * layout.itemsize < MAPPED:
            rows = empty_rows(*shape, layout.base)
            self._fill(rows, places)
            return rows
        require_rows(*shape, layout.base)
        step = max(1, _BLOCK // layout.itemsize)
        with tempfile.TemporaryFile(dir=self.folder) as file:
            for start in range(0, len(places), step):
                some = places[start : start + step]
                block = np.empty((len(some), *layout.shape), dtype=layout.base)
                self._fill(block, some)
                file.write(block.data)
            file.flush()
            return np.memmap(file, layout.base, "r", shape=shape)  # which holds the file open itself

    def _fill(self, rows: np.ndarray, places: np.ndarray, part: slice = slice(None)) -> None:
        for number in np.unique(places[:, 0]).tolist():
            chosen = np.flatnonzero(places[:, 0] == number)
            rows[chosen] = self._shards[number]["row"][:, part][places[chosen, 1]]
            let_go(self._shards[number])

    def columns(self, digests: Iterable[bytes], first: int, stop: int) -> np.ndarray:
        """Numbers `first` to `stop` of the rows of `digests`, all of them stored: (n, stop - first), in memory."""
        places = np.array([self._place[digest] for digest in digests], dtype=np.int64).reshape(-1, 2)
        kind = self._shards[0].dtype["row"].base if self._shards else np.dtype(np.float32)
        some = np.empty((len(places), stop - first), dtype=kind)
        self._fill(some, places, slice(first, stop))
        return some

    def row(self, digest: bytes) -> np.ndarray:
        """The stored row (d,) of one image, on disk until it is read."""
        shard, place = self._place[digest]
        return self._shards[shard]["row"][place]

    def append(self, digests: list[bytes], rows: np.ndarray) -> None:
        """Store rows (n, d) of images that are not stored yet."""
        if not digests:
            return
        layout = np.dtype([("digest", np.uint8, (DIGEST_BYTES,)), ("row", rows.dtype, (rows.shape[1],))])
        records = np.empty(len(digests), dtype=layout)
        records["digest"] = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, DIGEST_BYTES)
        records["row"] = rows
        is_sealed = bool(self._paths) and self._paths[-1].stem.endswith(_SEALED)
        if is_sealed and len(self._shards[-1]) + len(records) <= SHARD_ROWS:
            records = np.concatenate([self._shards.pop(), records])
            path = self._paths.pop()
        else:  # a number that is free: one may be missing in between
            last = max((int(path.stem.split("-")[1]) for path in self._paths), default=-1)
            path = self.folder / f"rows-{last + 1:05d}{_SEALED}.npy"
        write_sealed(path, records, self.folder.name)
        self._take_up(path)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let no other process write meanwhile; what others wrote before is taken up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.reload()
            yield

    def _take_up(self, path: Path) -> None:
        try:
            if path.stem.endswith(_SEALED):
                require_sealed(path, self.folder.name)
            shard = map_array(path)
            packed = np.ascontiguousarray(shard["digest"]).tobytes()
            if shard.ndim != 1 or shard.dtype["row"].ndim != 1 or len(packed) != DIGEST_BYTES * len(shard):
                raise ValueError(f"{shard.shape} {shard.dtype}")
            if self._shards and shard.dtype != self._shards[0].dtype:
                raise ValueError(f"{shard.dtype}, others are {self._shards[0].dtype}")
        except UNREADABLE as error:
            note_damage(path, error, "its rows are made again")
            with contextlib.suppress(OSError):
                path.unlink()
            return
        let_go(shard)
        number = len(self._shards)
        self._shards.append(shard)
        self._paths.append(path)
        for row in range(len(shard)):
            self._place[packed[row * DIGEST_BYTES : (row + 1) * DIGEST_BYTES]] = (number, row)
