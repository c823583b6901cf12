"""Writes what indexes were measured to be where every query is answered among some rows: a table and its CSV."""

from pathlib import Path
from typing import cast

import pandas as pd

from benchmarks.core.store import Store
from benchmarks.experiments.indexes.filters import GROUPS, LABELS
from benchmarks.experiments.indexes.offered import filtered_families
from benchmarks.experiments.indexes.sweep import families_known
from benchmarks.experiments.rows import IndexStore
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.indexes.report import plain_row
from benchmarks.reporting.tables.indexes.table import (
    DEEPEST,
    FEW_THREADS,
    IndexLine,
    data_note,
    failure_notes,
    heading,
    index_lines,
    origin_note,
    without_figure,
)
from benchmarks.reporting.tables.model import Column, Table, fraction, milliseconds, rate
from benchmarks.rows.comparisons import IndexRecord
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_text
from datasets.safe_text import markdown_note

_COLUMNS = (
    Column("share", "share", lambda value: f"{value}%"),
    Column("index", "method", is_text=True),
    Column(DEEPEST, DEEPEST, lambda value: f"{value:.4f}"),
    Column("p50 ms", "p50_ms", milliseconds),
    Column("x exact", "of_exact", fraction),
    Column("queries/s", "queries_per_s", rate),
    Column("batched queries/s", "batched_queries_per_s", rate),
)


class FilteredLine(IndexLine, total=False):
    """One index with one setting under the filters of one share."""

    share: int
    """Per cent of the gallery."""
    of_exact: float | None
    of_exact_interval: tuple[float, ...] | None


def write_filtered(store: Store, out: Path) -> list[Path]:
    """Write `indexes-filtered.md` and `.csv` from all that is stored; nothing where nothing is."""
    records = list(IndexStore(store.root, "filtered").records())
    if not records:
        return []
    failed = [note for record in records for note in failure_notes(record)]
    records = [record for record in records if record["rows"]]
    sections = [to_markdown(filtered_table(record), 2) for record in records]
    page = ["# Indexes over a filtered gallery\n", *sections, *(f"{markdown_note(note)}\n" for note in failed)]
    write_text(out / "indexes-filtered.md", "\n".join(page))
    rows = [plain_row(row) for record in records for row in filtered_rows(record)]
    write_csv(out / "indexes-filtered.csv", pd.DataFrame(rows))
    return [out / "indexes-filtered.md", out / "indexes-filtered.csv"]


def filtered_table(record: IndexRecord) -> Table:
    """Every setting under every share, narrow filters first."""
    rows = filtered_rows(record)
    return Table(heading(record["vectors"]), _COLUMNS, [row for row in rows if row["status"] == "ok"], _notes(record))


def filtered_rows(record: IndexRecord) -> list[FilteredLine]:
    """Every row of a record as the table and the CSV show it."""
    rows: list[FilteredLine] = []
    for stored, line in zip(record["rows"], index_lines(record), strict=True):
        share = stored["settings"]["share"]
        method, settings = (text.removesuffix(f"share={share}").strip() for text in (line["method"], line["settings"]))
        row = cast(FilteredLine, {**line, "method": method, "settings": settings, "share": share})
        if "of_scan" in line:
            row |= {"of_exact": line["of_scan"], "of_exact_interval": line["of_scan_interval"]}
        rows.append(cast(FilteredLine, {name: value for name, value in row.items() if name not in _UNSAID}))
    return rows


_UNSAID = ("front", "of_scan", "of_scan_interval")
"""Of the whole gallery's rows: no front is drawn here, and what an index is held against is called by its name."""


def _notes(record: IndexRecord) -> list[str]:
    offered = filtered_families()
    left_out = [family for family in families_known() if family not in offered]
    return [
        data_note(record["vectors"]),
        f"Every row has one of {LABELS} labels, drawn at random; a query is answered among the rows whose label lies "
        f"in a range, one of {GROUPS} for each share. Recall: share of its answer that belongs to the exact one "
        "among the same rows; in brackets its 95% bootstrap interval over queries. x exact: median query over that of "
        "exact search under the same filters. To tell which rows a filter allows is part of a query. A batch has one "
        "filter.",
        "Labels of real pictures are clustered: a filter that keeps to the query's neighbourhood is easier for a graph "
        "or lists than these, one that is far from it harder.",
        f"Cannot search among some of their rows, and take no part: {', '.join(left_out)}.",
        *without_figure(filtered_rows(record)),
        origin_note(record, FEW_THREADS),
    ]
