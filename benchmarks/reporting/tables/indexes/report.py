"""Writes what indexes were measured to be: the tables, a plot with Pareto fronts, all rows as CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd

from benchmarks.core.store import Store
from benchmarks.experiments.rows import IndexStore
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.indexes.table import DEEPEST, IndexLine, failure_notes, index_rows, index_tables
from benchmarks.reporting.tables.model import figure_of
from benchmarks.reporting.tables.plot import pareto_front
from benchmarks.system.csv_files import write_csv
from benchmarks.system.files import write_atomically, write_text
from datasets.safe_text import markdown_note

_PANELS = (
    ("p50_ms", "median query, batch 1 (ms)"),
    ("bytes_per_vector", "bytes a vector"),
)
MARKERS = "osD^vP*Xphd<>"
"""Of matplotlib, in the order in which they are given out."""

_LEAST_MISSED = 1e-4
"""Of the exact answer: whoever misses less than this stands at the right edge."""

_TICKS = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)


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
    write_csv(out / "indexes.csv", pd.DataFrame([plain_row(row) for each in rows for row in each]))
    return [out / "indexes.md", out / "indexes.csv", *([picture] if picture else [])]


def plain_row(row: Mapping[str, object]) -> dict[str, object]:
    """A row as the CSV has it: the ends of an interval are figures of their own."""
    return {name: value for name, value in row.items() if not name.endswith("_interval")} | _ends(row)


def _ends(row: Mapping[str, object]) -> dict[str, object]:
    """Both ends of every interval under names of their own."""
    ends: dict[str, object] = {}
    for name, value in row.items():
        if name.endswith("_interval") and isinstance(value, (tuple, list)):
            figure = name.removesuffix("_interval")
            ends |= {f"{figure}_low": value[0], f"{figure}_high": value[1]}
    return ends


class _Style(TypedDict):
    """How a family is drawn, in matplotlib's words."""

    marker: str
    color: str


def recall_plot(sets: list[tuple[str, list[IndexLine]]], path: Path) -> Path | None:
    """Write a PNG of the rows (see `index_rows`) of each titled set; None where there is nothing to draw.

    Left out are sets in which every index found everything: their tables say it all. Families differ in marker as well
    as in colour. The recall axis is logarithmic in what is missed, so that 0.99 and 0.999 are as far apart as 0.9 and
    0.99.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = [(title, [row for row in rows if row["status"] == "ok"]) for title, rows in sets]
    shown = [(title, rows) for title, rows in shown if min((row[DEEPEST] for row in rows), default=1) < 1]
    if not shown:
        return None
    figure, axes = plt.subplots(
        len(shown), len(_PANELS), figsize=(12, 4.2 * len(shown) + 0.8), dpi=110, squeeze=False, layout="constrained"
    )
    families = list(dict.fromkeys(row["family"] for _, rows in shown for row in rows))
    styles: dict[str, _Style] = {
        name: {"marker": MARKERS[place % len(MARKERS)], "color": f"C{place % 10}"}
        for place, name in enumerate(families)
    }
    for panels, (title, rows) in zip(axes, shown, strict=True):
        for panel, (cost, label) in zip(panels, _PANELS, strict=True):
            panel.set(ylabel=label, xlabel=DEEPEST, yscale="log")  # its ticks are chosen for that scale
            _draw(panel, rows, cost, styles)
        panels[0].set_title(title, loc="left", fontsize=10)
    handles = [plt.Line2D([], [], label=name, linestyle="", markersize=6, **style) for name, style in styles.items()]
    handles.append(plt.Line2D([], [], label="Pareto front", color="0.5", linestyle="--"))
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=9, frameon=False)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return path


def _draw(panel: Any, rows: list[IndexLine], cost: str, styles: dict[str, _Style]) -> None:
    """One panel's points and its front: towards the lower right is better."""
    for family, style in styles.items():
        points = [(row[DEEPEST], figure_of(row, cost) or 0.0) for row in rows if row["family"] == family]
        if points:
            recall, costs = np.array(points).T
            panel.plot(_place(recall), costs, linestyle="", markersize=6, alpha=0.8, **style)
    front = pareto_front([(figure_of(row, cost) or 0.0, row[DEEPEST]) for row in rows])
    costs, recall = np.array(front).T
    panel.step(_place(recall), costs, where="pre", color="0.5", linestyle="--", zorder=0)
    panel.set_xticks(_place(np.array(_TICKS)), [f"{tick:g}" for tick in _TICKS])
    panel.set_xlim(left=max(0.0, float(_place(np.array([row[DEEPEST] for row in rows])).min()) - 0.2))
    panel.grid(alpha=0.25, which="major")
    _plain_ticks(panel)


def _plain_ticks(panel: Any) -> None:
    """1, 2, 5, 10, ... in plain numbers instead of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def _place(recall: np.ndarray) -> np.ndarray:
    """Where a recall (n,) stands on the axis: 0.9 at 1, 0.99 at 2, and 1 at 4."""
    return -np.log10(np.maximum(1 - recall, _LEAST_MISSED))
