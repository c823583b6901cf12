"""Streamed galleries on disk: one JSON file a method and size, below `streaming/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.files import if_intact, intact, read_record, write_record

SCHEMA = 1
_NEEDS = ("cell", "inputs", "provenance", "size", "started", "status")


class StreamingStore:
    """What `stream` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        self.root = out / "streaming"

    def row(self, cell: Cell, size: int) -> dict[str, Any] | None:
        """The row of a method over a gallery of `size`, or None where there is none, or a damaged one."""
        return if_intact(_read, self._path(cell, size))

    def save(self, cell: Cell, size: int, row: dict[str, Any]) -> None:
        """Keep a row."""
        write_record(self._path(cell, size), {"schema": SCHEMA, **row})

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method and size."""
        yield from intact(_read, sorted(self.root.glob("*/*/streaming/*@*/*.json")))

    def _path(self, cell: Cell, size: int) -> Path:
        return self.root / cell.path / f"{size:09d}.json"


def _read(path: Path) -> dict[str, Any] | None:
    return read_record(path, SCHEMA, _NEEDS)
