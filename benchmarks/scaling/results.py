"""Growth measurements on disk: one JSON file a point, one an encoder, below `scaling/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.experiments.rows import Rows

SCHEMA = 1
_NEEDS = ("inputs", "provenance", "started", "status")


class ScalingStore(Rows):
    """What `scaling` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "scaling", SCHEMA, _NEEDS)

    def point(self, cell: Cell, size: int) -> Path:
        """Where the row of a method at one size lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def extraction(self, cell: Cell, encoder_key: str) -> Path:
        """Where the row of an encoder lies, which several methods may share."""
        return self.root / cell.path.parent / "extraction" / f"{encoder_key}.json"

    def points(self) -> Iterator[dict[str, Any]]:
        """Every stored point, by path: sizes of a method rise."""
        yield from self.every("*/*/scaling/*@*/*.json")
