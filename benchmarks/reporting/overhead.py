"""How much of a run passed between its cells: planning, launching, storing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from benchmarks.core.store import Store
from benchmarks.rows.cell import CellRow, RunRecord


@dataclass(frozen=True)
class Between:
    """A run of `cells` that took `wall_s` seconds, `share` of them outside the cells' processes."""

    cells: int
    wall_s: float
    share: float


def between_cells(store: Store) -> Between | None:
    """Of the stored run that took longest, or None where there is none whose rows are all still those it made.

    Runs record their times to the second; a run with cells side by side is left out.
    """
    stored = {str(cell.path): row for cell, row in store.rows()}
    found = (_between(stored, record) for record in store.run_records())
    return max(filter(None, found), key=lambda between: between.wall_s, default=None)


def _between(stored: Mapping[str, CellRow], record: RunRecord) -> Between | None:
    begun, ended = datetime.fromisoformat(record["started"]), datetime.fromisoformat(record["ended"])
    rows = [stored.get(cell) for cell in record["cells"]]
    wall = (ended - begun).total_seconds()
    if not rows or wall <= 0 or record["finished"] < record["planned"]:
        return None
    made = [row for row in rows if row and row["jobs"] == 1]
    if len(made) < len(rows) or not all(begun <= datetime.fromisoformat(row["started"]) <= ended for row in made):
        return None
    return Between(len(made), wall, max(0.0, 1 - sum(row["wall_s"] for row in made) / wall))
