"""Rows of experiments on disk: a JSON file each, read through a schema; one without figures replaces none with them.

Each measuring command has a folder of its own below that of the output.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import Cell
from benchmarks.files import DamagedFile, if_intact, intact, read_record, write_atomically, write_record
from benchmarks.names import file_stem
from benchmarks.store import FAILED_RERUN

_OF_INDEXES = ("provenance", "started", "vectors", "vectors.gallery")
_OF_SCALING = ("inputs", "provenance", "started", "status")
_OF_STREAMING = ("cell", "inputs", "provenance", "size", "started", "status")
SCHEMA = 1
_OF_SHARDING = ("cell", "inputs", "provenance", "shards", "started", "status")


class Rows:
    """The rows below a folder. `needs` are the keys without which a row of an older version is damaged."""

    def __init__(self, root: Path, schema: int | None, needs: Sequence[str]) -> None:
        self.root = root
        self._schema = schema
        self._needs = needs

    def row(self, path: Path) -> dict[str, Any] | None:
        """The row at `path`, or None where there is none, or a damaged one."""
        return if_intact(self._read, path)

    def save(self, path: Path, row: dict[str, Any]) -> None:
        """Keep a row. One without figures goes beside an earlier one that has them, under FAILED_RERUN."""
        earlier = self.row(path) if row.get("status", "ok") != "ok" else None
        if earlier is not None and earlier.get("status", "ok") == "ok":
            row = {**earlier, FAILED_RERUN: {name: row[name] for name in ("status", "reason", "log_tail", "started")}}
        write_record(path, row if self._schema is None else {"schema": self._schema, **row})

    def every(self, pattern: str) -> Iterator[dict[str, Any]]:
        """All rows whose path below the folder matches, by path; damaged ones are noted and left out."""
        yield from intact(self._read, sorted(self.root.glob(pattern)))

    def _read(self, path: Path) -> dict[str, Any] | None:
        return read_record(path, self._schema, self._needs)


class IndexStore(Rows):
    """What `indexes` leaves below one `--out` folder."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "indexes", SCHEMA, _OF_INDEXES)

    def vectors(self, name: str) -> Path:
        """Where the record of a set of vectors lies."""
        return self.root / f"{file_stem(name)}.json"

    def save_samples(self, path: Path, samples: Mapping[str, np.ndarray]) -> None:
        """Keep the samples in seconds (rounds, queries) beside the record at `path`."""
        with write_atomically(path.with_suffix(".npz")) as file:
            np.savez(file, **samples)  # type: ignore[arg-type]

    def records(self) -> Iterator[dict[str, Any]]:
        """Every stored record, small galleries first."""
        yield from sorted(self.every("*.json"), key=lambda record: record["vectors"]["gallery"])

    def _read(self, path: Path) -> dict[str, Any] | None:
        record = super()._read(path)
        if record is not None and not isinstance(record["vectors"].get("gallery"), int):
            raise DamagedFile(path, "its gallery has no size")
        return record


class ScalingStore(Rows):
    """What `scaling` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "scaling", SCHEMA, _OF_SCALING)

    def point(self, cell: Cell, size: int) -> Path:
        """Where the row of a method at one size lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def extraction(self, cell: Cell, encoder_key: str) -> Path:
        """Where the row of an encoder lies, which several methods may share."""
        return self.root / cell.path.parent / "extraction" / f"{encoder_key}.json"

    def points(self) -> Iterator[dict[str, Any]]:
        """Every stored point, by path: sizes of a method rise."""
        yield from self.every("*/*/scaling/*@*/*.json")


class StreamingStore(Rows):
    """What `stream` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "streaming", SCHEMA, _OF_STREAMING)

    def gallery(self, cell: Cell, size: int) -> Path:
        """Where the row of a method over a gallery of `size` lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method and size."""
        yield from self.every("*/*/streaming/*@*/*.json")


class ShardingStore(Rows):
    """What `shard` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "sharding", SCHEMA, _OF_SHARDING)

    def cell(self, cell: Cell, backend: str, shards: int, block: int) -> Path:
        """Where the row of a cell lies that is cut in this way."""
        return self.root / cell.path / f"{backend}-{shards:04d}-{block:06d}.json"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method, backend and number of shards."""
        yield from self.every("*/*/sharding/*@*/*.json")
