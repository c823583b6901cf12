"""Streamed galleries on disk: one JSON file a method and size, below `streaming/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.experiments.rows import Rows

SCHEMA = 1
_NEEDS = ("cell", "inputs", "provenance", "size", "started", "status")


class StreamingStore(Rows):
    """What `stream` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "streaming", SCHEMA, _NEEDS)

    def gallery(self, cell: Cell, size: int) -> Path:
        """Where the row of a method over a gallery of `size` lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method and size."""
        yield from self.every("*/*/streaming/*@*/*.json")
