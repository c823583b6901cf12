"""Growth measurements on disk: one JSON file a point, one an encoder, below `scaling/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.files import if_intact, read_record, write_record

SCHEMA = 1
_NEEDS = ("inputs", "provenance", "started", "status")


class ScalingStore:
    """What `scaling` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        self.root = out / "scaling"

    def point(self, cell: Cell, size: int) -> Path:
        """Where the row of a method at one size lies."""
        return self.root / cell.path / f"{size:09d}.json"

    def extraction(self, cell: Cell, encoder_key: str) -> Path:
        """Where the row of an encoder lies, which several methods may share."""
        return self.root / cell.path.parent / "extraction" / f"{encoder_key}.json"

    def row(self, path: Path) -> dict[str, Any] | None:
        """The row at `path`, or None where there is none, or a damaged one."""
        return if_intact(lambda path: read_record(path, SCHEMA, _NEEDS), path)

    def save(self, path: Path, row: dict[str, Any]) -> None:
        """Keep a row."""
        write_record(path, {"schema": SCHEMA, **row})

    def points(self) -> Iterator[dict[str, Any]]:
        """Every stored point, by path: sizes of a method rise."""
        for path in sorted(self.root.glob("*/*/scaling/*@*/*.json")):
            if row := self.row(path):
                yield row


def is_done(row: dict[str, Any] | None, inputs: dict[str, Any]) -> bool:
    """Does the stored `row` hold for these inputs?"""
    return row is not None and row["status"] == "ok" and row["inputs"] == inputs
