"""Writes what indexes were measured to be while their gallery changes: a table, a plot over the steps, a CSV."""

from pathlib import Path
from typing import TypedDict

import pandas as pd

from benchmarks.core.store import Store
from benchmarks.experiments.indexes.changes import STEPS
from benchmarks.experiments.indexes.offered import changing_families
from benchmarks.experiments.indexes.sweep import families_known
from benchmarks.experiments.rows import IndexStore
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.indexes.step_plot import step_plot
from benchmarks.reporting.tables.indexes.table import (
    DEEPEST,
    FEW_THREADS,
    data_note,
    failure_notes,
    heading,
    origin_note,
    settings_text,
    without_figure,
)
from benchmarks.reporting.tables.model import Column, Table, mebibytes, milliseconds
from benchmarks.rows.comparisons import ChangingFigures, ChangingRecord
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_text
from datasets.safe_text import markdown_note

_SHOWN = (0, STEPS // 2, STEPS)
"""Steps with columns of their own."""

_COLUMNS = (
    Column("index", "method", is_text=True),
    *(Column(f"{DEEPEST}, step {step}", f"{DEEPEST}_{step}", lambda value: f"{value:.4f}") for step in _SHOWN),
    *(Column(f"p50 ms, step {step}", f"p50_ms_{step}", milliseconds) for step in _SHOWN),
    Column("inserts s", "insert_s", milliseconds),
    Column("removals s", "remove_s", milliseconds),
    Column("build s", "build_s", milliseconds),
    *(Column(f"resident MiB, step {step}", f"resident_bytes_{step}", mebibytes) for step in (0, STEPS)),
)


class StepLine(TypedDict, total=False):
    """One index with one setting after one number of changes, as the CSV and the plot have it."""

    vectors: str
    dataset: str
    subset: str
    gallery: int
    method: str
    family: str
    step: int
    recall: float
    recall_low: float
    recall_high: float
    p50_ms: float
    insert_s: float
    remove_s: float
    index_bytes: int
    resident_bytes: int | None


def write_changing(store: Store, out: Path) -> list[Path]:
    """Write `indexes-changing.md`, `.csv` and `.png` from all that is stored; nothing where nothing is."""
    records = list(IndexStore(store.root, "changing").changing())
    if not records:
        return []
    failed = [note for record in records for note in failure_notes(record)]
    records = [record for record in records if record["rows"]]
    lines = [step_lines(record) for record in records]
    titles = [heading(record["vectors"]) for record in records]
    picture = step_plot(list(zip(titles, lines, strict=True)), out / "indexes-changing.png") if any(lines) else None
    image = ["![recall and query time over the steps](indexes-changing.png)\n"] if picture else []
    sections = [to_markdown(changing_table(record), 2) for record in records]
    page = ["# Indexes over a changing gallery\n", *image, *sections, *(f"{markdown_note(note)}\n" for note in failed)]
    write_text(out / "indexes-changing.md", "\n".join(page))
    write_csv(out / "indexes-changing.csv", pd.DataFrame([line for each in lines for line in each]))
    return [out / "indexes-changing.md", out / "indexes-changing.csv", *([picture] if picture else [])]


def changing_table(record: ChangingRecord) -> Table:
    """Every setting at the first, the middle and the last step."""
    rows = [_across(row) for row in record["rows"] if row["status"] == "ok"]
    return Table(heading(record["vectors"]), _COLUMNS, rows, _notes(record))


def step_lines(record: ChangingRecord) -> list[StepLine]:
    """Every setting after every step, also of an index that failed later."""
    vectors = record["vectors"]
    lines: list[StepLine] = []
    for row in record["rows"]:
        for step in row["steps"]:
            low, high = step["recall@20_interval"]
            line: StepLine = {
                "vectors": vectors["method"],
                "dataset": vectors["dataset"],
                "subset": vectors["subset"],
                "gallery": vectors["gallery"],
                "method": _method(row),
                "family": row["family"],
                "step": step["step"],
                "recall": step["recall@20"],
                "recall_low": low,
                "recall_high": high,
                "p50_ms": 1e3 * step["p50_s"][0],
                "index_bytes": step["index_bytes"],
                "resident_bytes": step["resident_bytes"],
            }
            if step["step"]:
                line |= {"insert_s": step["insert_s"], "remove_s": step["remove_s"]}
            lines.append(line)
    return lines


def _across(row: ChangingFigures) -> dict[str, object]:
    """One setting's row of the table."""
    cells: dict[str, object] = {
        "method": _method(row),
        "insert_s": sum(step["insert_s"] for step in row["steps"][1:]),
        "remove_s": sum(step["remove_s"] for step in row["steps"][1:]),
        "build_s": row["build_s"],
    }
    for step in (row["steps"][number] for number in _SHOWN):
        p50, number = [1e3 * seconds for seconds in step["p50_s"]], step["step"]
        cells |= {
            f"{DEEPEST}_{number}": step["recall@20"],
            f"{DEEPEST}_{number}_interval": step["recall@20_interval"],
            f"p50_ms_{number}": p50[0],
            f"p50_ms_{number}_interval": p50[1:],
            f"resident_bytes_{number}": step["resident_bytes"],
        }
    return cells


def _method(row: ChangingFigures) -> str:
    return f"{row['family']} {settings_text(row)}".strip()


def _notes(record: ChangingRecord) -> list[str]:
    offered = changing_families()
    left_out = [family for family in families_known() if family not in offered]
    return [
        data_note(record["vectors"]),
        f"Half of the vectors are there at first. Each of {STEPS} steps removes a tenth of those present, drawn at "
        "random, and inserts as many new ones: the gallery keeps its size. Recall: share of the answer that belongs to "
        "the exact one over the rows present; in brackets its 95% bootstrap interval over queries. Inserts and "
        "removals: seconds of all steps together. Resident: memory of the index's process beyond what it was before "
        "the build.",
        "exact is built anew at each change, over rows that are kept beside it. faiss-ivf keeps the centroids of the "
        "first rows. faiss-hnsw cannot take a row out: it is passed over, and stays in memory. usearch-hnsw puts new "
        "rows in the places of removed ones. All settings of a build go through the same changes of one index.",
        f"Cannot take in and remove rows, and take no part: {', '.join(left_out)}.",
        *without_figure(
            {"method": _method(row), "status": row["status"], "reason": row["reason"]} for row in record["rows"]
        ),
        origin_note(record, FEW_THREADS),
    ]
