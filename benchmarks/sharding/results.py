"""Sharded cells on disk: one JSON file a cell and way of cutting it, below `sharding/` of the output folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.experiments.rows import Rows

SCHEMA = 1
_NEEDS = ("cell", "inputs", "provenance", "shards", "started", "status")


class ShardingStore(Rows):
    """What `shard` leaves below one `--out` folder. A row's "inputs" are what it depends on, as a cell's are."""

    def __init__(self, out: Path) -> None:
        super().__init__(out / "sharding", SCHEMA, _NEEDS)

    def cell(self, cell: Cell, backend: str, shards: int, block: int) -> Path:
        """Where the row of a cell lies that is cut in this way."""
        return self.root / cell.path / f"{backend}-{shards:04d}-{block:06d}.json"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, by data set, method, backend and number of shards."""
        yield from self.every("*/*/sharding/*@*/*.json")
