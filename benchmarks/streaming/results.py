"""Streamed galleries on disk: one JSON file a method and size, below `streaming/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.files import read_json, write_json

SCHEMA = 1


class StreamingStore:
    """What `stream` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        self.root = out / "streaming"

    def row(self, cell: Cell, size: int) -> dict[str, Any] | None:
        """The row of a method over a gallery of `size`, or None where there is none of this schema."""
        row = read_json(self._path(cell, size))
        return row if row and row.get("schema") == SCHEMA else None

    def save(self, cell: Cell, size: int, row: dict[str, Any]) -> None:
        """Keep a row."""
        write_json(self._path(cell, size), {"schema": SCHEMA, **row})

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method and size."""
        for path in sorted(self.root.glob("*/*/streaming/*@*/*.json")):
            row = read_json(path)
            if row and row.get("schema") == SCHEMA:
                yield row

    def _path(self, cell: Cell, size: int) -> Path:
        return self.root / cell.path / f"{size:09d}.json"
