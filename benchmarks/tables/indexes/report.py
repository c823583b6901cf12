"""Writes what indexes were measured to be: the tables, a plot, all rows as CSV."""

from pathlib import Path

import pandas as pd

from benchmarks.csv_files import write_csv
from benchmarks.files import write_text
from benchmarks.indexes.results import IndexStore
from benchmarks.store import Store
from benchmarks.tables.indexes.plot import recall_plot
from benchmarks.tables.indexes.table import failure_notes, index_rows, index_tables
from benchmarks.tables.markdown import to_markdown
from datasets.safe_text import markdown_note


def write_indexes(store: Store, out: Path) -> list[Path]:
    """Write `indexes.md`, `indexes.csv` and `indexes.png` from all that is stored; nothing where nothing is."""
    records = list(IndexStore(store.root).records())
    if not records:
        return []
    failed = [note for record in records for note in failure_notes(record)]
    records = [record for record in records if record["rows"]]
    tables = [index_tables(record) for record in records]
    rows = [index_rows(record) for record in records]
    titles = [front.title for front, _ in tables]
    picture = recall_plot(list(zip(titles, rows, strict=True)), out / "indexes.png") if rows else None
    image = ["![recall against query time and memory](indexes.png)\n"] if picture else []
    sections = [to_markdown(front, 2) + "\n" + to_markdown(sweep, 3) for front, sweep in tables]
    write_text(
        out / "indexes.md",
        "\n".join(["# Indexes\n", *image, *sections, *(f"{markdown_note(note)}\n" for note in failed)]),
    )
    plain = [
        {name: value for name, value in row.items() if not name.endswith("_interval")} | _ends(row)
        for each in rows
        for row in each
    ]
    write_csv(out / "indexes.csv", pd.DataFrame(plain))
    return [out / "indexes.md", out / "indexes.csv", *([picture] if picture else [])]


def _ends(row: dict[str, object]) -> dict[str, object]:
    """Both ends of every interval under names of their own."""
    ends: dict[str, object] = {}
    for name, value in row.items():
        if name.endswith("_interval") and isinstance(value, (tuple, list)):
            figure = name.removesuffix("_interval")
            ends |= {f"{figure}_low": value[0], f"{figure}_high": value[1]}
    return ends
