"""The memory table of a retrieval group: what each method's process held, stage by stage, and what it must keep."""

from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.model import Column, Table, count, mebibytes
from benchmarks.reporting.tables.notes import provenance_notes
from benchmarks.reporting.tables.retrieval import METHOD
from benchmarks.rows.cell import CellRow

STAGES = ("load", "encode", "fit", "index", "rank", "query")
"""Of a retrieval cell, in the order in which it goes through them."""

_COLUMNS = (
    METHOD,
    Column("peak MiB", "peak_bytes", mebibytes),
    *(Column(f"{name} MiB", f"{name}_peak_bytes", mebibytes) for name in STAGES),
    Column("index MiB", "index_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
    Column("embedding B/image", "embedding_bytes_per_image", count),
)

_MEANING = (
    "Peak: highest resident memory over what the cell's process held after its imports, in any stage but rank; by "
    "stage: load (the method, its weights, a first image), encode (a sample of the gallery, always afresh), fit, index "
    "(over rows that are stored), rank (every query against the whole gallery, and judging: the benchmark's own work), "
    "query (the timed searches). Index: counted by the index itself, vectors included. Embedding: a row as "
    "the encoder makes it. Empty: a method without embeddings, or a row stored before stages were measured. See "
    "docs/memory.md."
)


def memory_table(group: Group) -> Table:
    """One row a method of a retrieval group, in catalogue order."""
    rows = [_row(cell.method, row) for cell, row, _ in group.entries]
    title = f"{group.where}, memory"
    return Table(title, _COLUMNS, rows, [_MEANING, *provenance_notes(group)])


def _row(method: str, row: CellRow) -> dict[str, object]:
    memory, stages = row.get("memory", {}), row.get("memory", {}).get("stages", {})
    size = row.get("counts", {}).get("gallery")
    index_bytes = row.get("index_bytes")
    return {
        "method": method,
        "shown_method": method,
        "status": row["status"],
        "word": row["status"],
        "word_in": ("peak_bytes",),
        "gallery": size,
        "baseline_bytes": memory.get("baseline"),
        "peak_bytes": memory.get("peak"),
        **{f"{name}_peak_bytes": stages.get(name) for name in STAGES},
        "index_bytes": index_bytes,
        "index_bytes_per_image": index_bytes / size if index_bytes is not None and size else None,
        "embedding_bytes_per_image": memory.get("embedding_bytes_per_image"),
    }
