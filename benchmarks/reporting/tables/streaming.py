"""The table of galleries that were streamed."""

from pathlib import Path

import numpy as np

from benchmarks.core.store import Store
from benchmarks.experiments.rows import StreamingStore
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.model import Column, Table, count, mebibytes, milliseconds, rate
from benchmarks.reporting.tables.notes import machine_note, rerun_notes
from benchmarks.rows.experiments import StreamRow
from benchmarks.system.files import write_text

_COLUMNS = (
    Column("method", "method", is_text=True),
    Column("data set", "dataset", is_text=True),
    Column("gallery", "size", count),
    Column("originals", "originals", count),
    Column("row bytes", "row_bytes", count),
    Column("shards", "shards", count),
    Column("images/s", "images_per_s", rate),
    Column("rows on disk MiB", "index_bytes", mebibytes),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("search p50 ms", "search_ms", milliseconds),
    Column("p95 ms", "search_p95_ms", milliseconds),
    Column("batched ms/query", "batch_ms", milliseconds),
    Column("as in memory", "equal", is_text=True),
)


def write_streaming(store: Store, out: Path) -> list[Path]:
    """Write `streaming.md`; nothing where nothing is stored."""
    rows = list(StreamingStore(store.root).rows())
    if not rows:
        return []
    write_text(out / "streaming.md", to_markdown(streaming_table(rows)))
    return [out / "streaming.md"]


def streaming_table(rows: list[StreamRow]) -> Table:
    """One row a method and size that has figures; those without are named below, with the reason."""
    shown = [_shown(row) for row in rows if row["status"] == "ok"]
    notes = [
        "Galleries are real images, then distorted copies of them. Rows go to disk a shard at a time and are searched "
        f"there, {SEARCH_DEPTH} results a query. Images/s: of what this run embedded, distorting the copies included. "
        "Peak: the most the process held at any time, libraries and mapped files included. As in memory: queries whose "
        "results are, id by id, those of the same search with all rows in memory.",
        *(f"{_name(row)}: {row['status']} ({row['reason']})." for row in rows if row["status"] != "ok"),
        *rerun_notes((_name(row), row) for row in rows),
        f"{machine_note([row['provenance'] for row in rows])} "
        f"{', '.join(sorted({str(row['inputs']['threads']) for row in rows}))} threads.",
    ]
    return Table("Galleries larger than memory", _COLUMNS, shown, notes)


def _shown(row: StreamRow) -> dict[str, object]:
    extraction, check, memory = row["extraction"], row["check"], row["memory"]
    return {
        "method": row["cell"]["method"],
        "dataset": row["title"],
        "size": row["size"],
        "originals": row["originals"],
        "row_bytes": row["row_bytes"],
        "shards": row["shards"],
        "index_bytes": row["index_bytes"],
        "images_per_s": extraction["images"] / extraction["seconds"] if extraction["images"] else None,
        "peak_bytes": None if memory["peak"] is None else (memory["baseline"] or 0) + memory["peak"],
        "search_ms": 1e3 * float(np.median(row["search_s"])),
        "search_p95_ms": 1e3 * float(np.quantile(row["search_s"], 0.95)),
        "batch_ms": 1e3 * float(np.median(row["batch_s"])),
        "equal": f"{check['equal']} of {check['queries']}" if check["status"] == "ok" else check["status"],
    }


def _name(row: StreamRow) -> str:
    return f"{row['cell']['method']} over {row['size']:,} images of {row['title']}"
