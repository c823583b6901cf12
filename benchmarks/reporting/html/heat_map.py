"""What each method withstands: hit@1 of the original by distortion, every cell with its figure and a shade of it."""

from collections.abc import Sequence

from benchmarks.reporting.html.commands import run_command
from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.tables.model import Table, figure_of
from benchmarks.reporting.tables.pages import Page
from datasets.distortions import DISTORTIONS

SHADES = 10


def heat_map(pages: Sequence[Page]) -> list[Section]:
    """One section with a tab a data set; none where nothing was asked of distorted copies."""
    shown = [page for page in pages if page.group.task == "robustness"]
    if not shown:
        return []
    maps = [
        {
            "label": page.group.where,
            "table": _best_first(page.tables[0]),
            "command": run_command(page.group),
        }
        for page in shown
    ]
    keys = {"hit@1", "MRR", *(f"hit@1_{name}" for name in DISTORTIONS)}
    html = render("heat_map.html", maps=maps, shaded=keys, shade=shade)
    return [Section("robustness", "Robustness", html)]


def shade(value: float) -> int:
    """Of a share from 0 to 1: its shade from 0 to SHADES, which the style sheet colours."""
    return round(value * SHADES)


def _best_first(table: Table) -> Table:
    rows = sorted(table.rows, key=lambda row: 1.0 if (share := figure_of(row, "hit@1")) is None else -share)
    return Table(table.title, table.columns, rows, table.notes, table.best, table.tied)
