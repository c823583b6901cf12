"""Rows of experiments on disk: a JSON file each, read through a schema; one without figures replaces none with them.

Each measuring command has a folder of its own below that of the output.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar, cast

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.rows.cell import FAILED_RERUN
from benchmarks.rows.comparisons import ChangingRecord, IndexRecord
from benchmarks.rows.experiments import SCHEMA, AnyRow, Ended, PointRow, ShardRow, StreamRow
from benchmarks.system.files import if_intact, intact, read_record, write_atomically, write_record
from benchmarks.system.names import file_stem

Row = TypeVar("Row", bound=AnyRow)


def status_of(row: Mapping[str, object]) -> str:
    """How a row of whatever experiment and version ended."""
    return str(row.get("status", "ok"))


def has_figures(row: Mapping[str, object]) -> bool:
    """Whether it ended well."""
    return status_of(row) == "ok"


class Rows:
    """The rows below a folder, all of one schema; each is read as the kind that is asked for."""

    def __init__(self, root: Path, schema: int | None = SCHEMA) -> None:
        self.root = root
        self._schema = schema

    def row(self, path: Path, kind: type[Row]) -> Row | None:
        """The row at `path`, or None where there is none, or a damaged one."""
        return if_intact(lambda path: read_record(path, kind, self._schema), path)

    def save(self, path: Path, row: AnyRow) -> None:
        """Keep a row. One without figures goes beside an earlier one that has them, under FAILED_RERUN."""
        earlier = None if has_figures(row) else self.row(path, AnyRow)
        if earlier is not None and has_figures(earlier):
            last = {name: value for name, value in row.items() if name in Ended.__annotations__}
            row = {**earlier, FAILED_RERUN: cast(Ended, last)}
        write_record(path, row if self._schema is None else {"schema": self._schema, **row})

    def every(self, pattern: str, kind: type[Row]) -> Iterator[Row]:
        """All rows whose path below the folder matches, by path; damaged ones are noted and left out."""
        yield from intact(lambda path: read_record(path, kind, self._schema), sorted(self.root.glob(pattern)))


class IndexStore(Rows):
    """What `indexes` leaves below one `--out` folder, of one kind of gallery."""

    def __init__(self, out: Path, gallery: str = "whole") -> None:
        super().__init__(out / "indexes" if gallery == "whole" else out / "indexes" / gallery)

    def vectors(self, name: str) -> Path:
        """Where the record of a set of vectors lies."""
        return self.root / f"{file_stem(name)}.json"

    def save_samples(self, path: Path, samples: Mapping[str, np.ndarray]) -> None:
        """Keep the samples in seconds (rounds, queries) beside the record at `path`."""
        with write_atomically(path.with_suffix(".npz")) as file:
            np.savez(file, **samples)  # type: ignore[arg-type]

    def records(self) -> Iterator[IndexRecord]:
        """Every stored record of a gallery that stays as it is, small ones first."""
        yield from sorted(self.every("*.json", IndexRecord), key=lambda record: record["vectors"]["gallery"])

    def changing(self) -> Iterator[ChangingRecord]:
        """Every stored record of a changing gallery, small ones first."""
        yield from sorted(self.every("*.json", ChangingRecord), key=lambda record: record["vectors"]["gallery"])


class ScalingStore(Rows):
    """What `scaling` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "scaling")

    def point(self, cell: Cell, size: int) -> Path:
        """Where the row of a method at one size lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def extraction(self, cell: Cell, encoder_key: str) -> Path:
        """Where the row of an encoder lies, which several methods may share."""
        return self.root / cell.path.parent / "extraction" / f"{encoder_key}.json"

    def points(self) -> Iterator[PointRow]:
        """Every stored point, by path: sizes of a method rise."""
        yield from self.every("*/*/scaling/*@*/*.json", PointRow)


class StreamingStore(Rows):
    """What `stream` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "streaming")

    def gallery(self, cell: Cell, size: int) -> Path:
        """Where the row of a method over a gallery of `size` lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def rows(self) -> Iterator[StreamRow]:
        """Every row, by data set, method and size."""
        yield from self.every("*/*/streaming/*@*/*.json", StreamRow)


class ShardingStore(Rows):
    """What `shard` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "sharding")

    def cell(self, cell: Cell, backend: str, shards: int, block: int) -> Path:
        """Where the row of a cell lies that is cut in this way."""
        return self.root / cell.path / f"{backend}-{shards:04d}-{block:06d}.json"

    def rows(self) -> Iterator[ShardRow]:
        """Every row, by data set, method, backend and number of shards."""
        yield from self.every("*/*/sharding/*@*/*.json", ShardRow)
