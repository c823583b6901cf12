"""The table of cells that were searched in shards."""

from pathlib import Path

from benchmarks.core.store import Store
from benchmarks.experiments.rows import ShardingStore
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, count, milliseconds
from benchmarks.reporting.tables.notes import machine_note, rerun_notes
from benchmarks.rows.experiments import ShardRow
from benchmarks.system.files import write_text

_COLUMNS = (
    Column("method", "method", is_text=True),
    Column("data set", "dataset", is_text=True),
    Column("gallery", "images", count),
    Column("queries", "queries", count),
    Column("depth", "depth", count),
    Column("backend", "backend", is_text=True),
    Column("shards", "shards", count),
    Column("blocks encoded", "encoded_blocks", count),
    Column("extracted s", "extract_s", milliseconds),
    Column("searched s", "search_s", milliseconds),
    Column("one process s", "whole_s", milliseconds),
    Column("as one process", "equal", is_text=True),
)


def write_sharding(store: Store, out: Path) -> list[Path]:
    """Write `sharding.md`; nothing where nothing is stored."""
    rows = list(ShardingStore(store.root).rows())
    if not rows:
        return []
    write_text(out / "sharding.md", to_markdown(sharding_table(rows)))
    return [out / "sharding.md"]


def sharding_table(rows: list[ShardRow]) -> Table:
    """One row a cell and way of cutting it that has figures; those without are named below, with the reason."""
    notes = [
        "The gallery is extracted and searched in shards, each a process of the backend, and the answers are merged. "
        "Blocks encoded: in this run; the rows of the others were kept from an earlier one. One process: every image "
        "encoded anew and searched, by one process of this machine. As one process: whether ids, scores and ties are "
        "the same, bit for bit.",
        *(f"{_name(row)}: {row['status']} ({row['reason']})." for row in rows if row["status"] != "ok"),
        *rerun_notes((_name(row), row) for row in rows),
        f"{machine_note([row['provenance'] for row in rows])} "
        f"{', '.join(sorted({str(row['inputs']['threads']) for row in rows}))} threads.",
    ]
    return Table("One cell in shards", _COLUMNS, [_shown(row) for row in rows if row["status"] == "ok"], notes)


def _shown(row: ShardRow) -> dict[str, object]:
    check = row["check"]
    return {
        "method": row["cell"]["method"],
        "dataset": f"{row['cell']['dataset']}:{row['cell']['subset']}",
        **{name: row[name] for name in ("images", "queries", "depth", "backend", "shards", "encoded_blocks")},
        "extract_s": row["extract_s"],
        "search_s": row["search_s"],
        "whole_s": check["seconds"] if check else None,
        "equal": {True: "equal", False: "NOT EQUAL"}[check["equal"]] if check else "not compared",
    }


def _name(row: ShardRow) -> str:
    cell = row["cell"]
    return f"{cell['method']} on {cell['dataset']}:{cell['subset']} in {row['shards']} shards on {row['backend']}"
