"""Embeddings computed once per encoder and image content, kept on disk, shared by every accuracy pass.

One folder an encoder (its settings, code, weights and library versions), one file a shard. Rows are keyed by the
sha256 of the image's bytes, so subsets and tasks share them. Shards are written whole as they are made: an interrupted
pass resumes after its last shard. A shard that is damaged is named, removed, and its rows are made again. Timed passes
never come here.
"""

import contextlib
import fcntl
import hashlib
import itertools
from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.system.files import UNREADABLE, write_atomically
from datasets.array_files import opened_arrays
from datasets.errors import BenchmarkError
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from methods.answers import AnswerError, check_finite
from methods.building import built
from methods.contracts import Encoder
from methods.vector_method import Embed, embed_in_batches, empty_rows, require_rows

SHARD_ROWS = 512

Form = tuple[int, np.dtype]
"""Length and type of a row: the same for all rows of an encoder."""


_PASSES = 3
"""Over what is stored: to find rows missing or unlike the encoder's, to find those all made, and one to spare."""


class _Shard(NamedTuple):
    path: Path
    digests: np.ndarray
    form: Form
    sealed: bool
    """Whether a checksum vouches for its form; a shard of an older version has none."""


class EmbeddingStore:
    """The rows of one encoder. Calling it is an `Embed` for VectorMethod."""

    def __init__(self, folder: Path, embed: Embed = embed_in_batches) -> None:
        self.folder = folder
        self.embed = embed
        """How rows are made that are not stored yet."""
        self.computed = 0
        """Rows encoded (not found in the store) by this object."""

    def __call__(self, encoder: Encoder, images: ImageSet) -> np.ndarray:
        """Rows (n, d) of `images`, encoding only those that are not stored intact. Needs `images.digests`.

        Raises BenchmarkError where rows do not stay as they are written.
        """
        if images.digests is None:
            return self.embed(built(encoder), images)
        form: Form | None = None
        with self.locked():
            for _ in range(_PASSES):
                shards = self._intact(images.digests, form)
                known = {digest for shard in shards for digest in shard.digests.tolist()}
                missing = _places(images.digests, known)
                if missing:
                    form = self._encode(built(encoder), images, missing, form)
                elif form is None and not (all(each.sealed for each in shards) and len({s.form for s in shards}) <= 1):
                    form = _form(self.embed(built(encoder), images[:1]))
                else:
                    return _gathered(shards, images.digests)
        raise BenchmarkError(f"{self.folder} does not keep what is written to it: check the disk, or use another --out")

    def missing(self, images: ImageSet) -> list[int]:
        """Where in `images` rows are missing, once each: by the shards' digests, whose rows are not looked at."""
        if images.digests is None:
            return []
        known: set[str] = set()
        for path in self.folder.glob("shard-*.npz"):
            with contextlib.suppress(*UNREADABLE), opened_arrays(path) as stored:
                known.update(stored["digests"].tolist())
        return _places(images.digests, known)

    def add(self, encoder: Encoder, images: ImageSet) -> None:
        """Encode and store `images`, whose rows are missing: a share of what several processes encode at once.

        Whoever starts them holds `locked` meanwhile, so that nobody else encodes the same.
        """
        self._encode(encoder, images, range(len(images)), None)

    def locked(self) -> AbstractContextManager[None]:
        """Hold the store: another process that wants rows waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return _locked(self.folder / "lock")

    def _encode(self, encoder: Encoder, images: ImageSet, missing: Sequence[int], form: Form | None) -> Form | None:
        """Encode and store the images at `missing`; their form, which may not change."""
        for start in range(0, len(missing), SHARD_ROWS):
            shard = images.take(missing[start : start + SHARD_ROWS])
            rows = self.embed(encoder, shard)
            name = type(encoder).__name__
            check_finite(name, rows)
            if form not in (None, _form(rows)):
                raise AnswerError(f"{name}: rows became {_told(_form(rows))}, after {_told(form)}")
            if form is None:  # before hours are spent on the others
                require_rows(len(images), rows.shape[1], rows.dtype)
            form = _form(rows)
            self._save(shard.digests or (), rows)
            self.computed += len(shard)
        return form

    def _intact(self, digests: Sequence[str], form: Form | None) -> list[_Shard]:
        """Shards that hold any of `digests`; those that are damaged, or not of the encoder's form, are removed."""
        wanted, shards = np.array(digests, dtype=np.str_), []
        for path in sorted(self.folder.glob("shard-*.npz")):
            try:
                shard = _checked(path)
                if not np.isin(shard.digests, wanted).any():
                    continue
                if form not in (None, shard.form):
                    raise ValueError(f"rows are {_told(shard.form)}, the encoder's {_told(form)}")
            except UNREADABLE as error:
                note_damage(path, error, "its rows are made again")
                with contextlib.suppress(OSError):
                    path.unlink()
            else:
                shards.append(shard)
        return shards

    def _save(self, digests: Sequence[str], rows: np.ndarray) -> None:
        """Under a name that is free: numbers may be missing in between."""
        names = (self.folder / f"shard-{number:05d}.npz" for number in itertools.count())
        keys = np.array(digests, dtype=np.str_)
        with _locked(self.folder / "names.lock"):
            path = next(name for name in names if not name.exists())
            with write_atomically(path) as file:
                checksum = _checksum(keys, rows, self.folder.name)
                np.savez(file, allow_pickle=False, digests=keys, rows=rows, checksum=checksum)


def stored_shards(folder: Path) -> Iterator[tuple[list[str], np.ndarray]]:
    """Digests and rows (n, d) of every shard of an encoder that is intact, read only; the others are passed over."""
    for path in sorted(folder.glob("shard-*.npz")):
        try:
            if not _checked(path).sealed:
                continue
            with opened_arrays(path) as stored:
                digests, rows = stored["digests"].tolist(), stored["rows"]
        except UNREADABLE as error:
            note_damage(path, error, "its rows are not used")
        else:
            yield digests, rows


def _checked(path: Path) -> _Shard:
    """What a shard holds; raises one of many errors where it is not what was written (zip keeps a CRC as well)."""
    with opened_arrays(path) as stored:
        digests, rows = stored["digests"], stored["rows"]
        sealed = "checksum" in stored
        if digests.ndim != 1 or digests.dtype.kind != "U" or rows.ndim != 2 or len(rows) != len(digests):
            raise ValueError(f"digests {digests.shape} {digests.dtype}, rows {rows.shape} {rows.dtype}")
        if len(np.unique(digests)) != len(digests):
            raise ValueError("two rows of one image")
        # The second is of a version that did not say whose rows they are.
        if sealed and stored["checksum"].tolist() not in (
            _checksum(digests, rows, path.parent.name),
            _checksum(digests, rows),
        ):
            raise ValueError("its checksum differs")
    return _Shard(path, digests, _form(rows), sealed)


def _checksum(digests: np.ndarray, rows: np.ndarray, encoder: str = "") -> str:
    """Of the rows, their order and their form, and of whose they are: the name of the encoder's folder."""
    told = hashlib.sha256(repr((digests.tolist(), rows.shape, rows.dtype.str)).encode())
    told.update(encoder.encode())
    told.update(np.ascontiguousarray(rows).data)
    return told.hexdigest()


def _gathered(shards: Sequence[_Shard], digests: Sequence[str]) -> np.ndarray:
    """Rows (n, d) of `digests`, all stored, in one array; never more than one shard is in memory beside it."""
    wanted = np.array(digests, dtype=np.str_)
    filled = np.zeros(len(wanted), dtype=bool)
    rows = np.empty((0, 0), dtype=np.float32)
    for path, shard, (dimension, kind), _ in shards:
        place = np.flatnonzero(np.isin(wanted, shard))
        order = np.argsort(shard)
        with opened_arrays(path) as stored:
            found = stored["rows"]
        if not len(rows):
            rows = empty_rows(len(wanted), dimension, kind)
        rows[place] = found[order[np.searchsorted(shard, wanted[place], sorter=order)]]
        filled[place] = True
    if not filled.all():  # rows that nobody filled hold whatever memory held
        raise BenchmarkError(f"{int((~filled).sum())} of {len(filled)} rows are not stored; run it again")
    return rows


def _places(digests: Sequence[str], known: Set[str]) -> list[int]:
    """One place of each digest that is not known."""
    return list({d: p for p, d in enumerate(digests) if d not in known}.values())


def _form(rows: np.ndarray) -> Form:
    return rows.shape[1], rows.dtype


def _told(form: Form | None) -> str:
    return "unknown" if form is None else f"{form[1]} of {form[0]}"


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
