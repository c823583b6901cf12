"""The table of a task that lays out none of its own: its columns, each metric with its interval and marks."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.columns import Column, count, fraction, is_missing
from benchmarks.core.store import Store
from benchmarks.core.tasking.task import Task
from benchmarks.metrics.means import micro
from benchmarks.metrics.statistics import tied_with_best
from benchmarks.protocol import SEED
from benchmarks.reporting.tables.groups import Group, rankable
from benchmarks.reporting.tables.model import Table
from benchmarks.reporting.tables.notes import task_notes
from benchmarks.reporting.tables.retrieval import METHOD, shown_method
from benchmarks.rows.cell import CellRow
from methods.spec import MethodSpec


def task_table(store: Store, group: Group, task: Task, notes: Sequence[str] = ()) -> Table:
    """Every cell of a group; `notes` come before those on the images, on rows without a figure and on the machine."""
    values = {cell.method: task.values(store, cell, row) for cell, row, _ in group.entries if row["status"] == "ok"}
    found = {method: each for method, each in values.items() if each}
    columns = tuple(task.columns) or tuple(Column(name, name, fraction) for name in next(iter(found.values()), {}))
    rows = [task_row(store, task, *entry) for entry in group.entries]
    best, tied = value_marks({name: found[name] for name in rankable(group.entries) if name in found})
    beginning = [f"Asked: {task.summary}"] if not notes else list(notes)
    head = () if any(column.key == METHOD.key for column in columns) else (METHOD,)
    undetected = Column("undetected", "undetected_queries", count)
    tail = (undetected,) if all(not is_missing(row["undetected_queries"]) for row in rows) and not task.columns else ()
    return Table(group.heading, (*head, *columns, *tail), rows, task_notes(group, beginning), best, tied)


def task_row(store: Store, task: Task, cell: Cell, row: CellRow, spec: MethodSpec) -> dict[str, object]:
    """One cell as a table, the report and CSV files read it: how it ended, and the task's figures."""
    figures = task.figures(store, cell, row) if row["status"] == "ok" and row["trained"] else {}
    intervals = {
        f"{key}_interval": (figures[f"{key}_low"], figures[f"{key}_high"])
        for key in (task.metric, *(column.key for column in task.columns))
        if not is_missing(figures.get(f"{key}_low")) and not is_missing(figures.get(f"{key}_high"))
    }
    counts = row.get("counts", {})
    return {
        "method": cell.method,
        "shown_method": shown_method(cell.method, spec.family, spec.supervised),
        "family": spec.family,
        "status": row["status"],
        "trained": row["trained"],
        "device": cell.device,
        "reason": row["reason"],
        "word": row["status"] if row["status"] != "ok" else "" if row["trained"] else "untrained",
        "word_in": (task.metric,),
        "wall_s": row["wall_s"],
        **{name: counts.get(name) for name in ("gallery", "queries", "undetected_queries")},
        **figures,
        **intervals,
    }


def value_marks(
    values: Mapping[str, Mapping[str, np.ndarray]],
) -> tuple[dict[str, str], dict[str, set[str]]]:
    """For each metric: the best of the methods, and those whose paired difference to it may be 0."""
    best: dict[str, str] = {}
    tied: dict[str, set[str]] = {}
    for name in next(iter(values.values()), {}):
        columns = {method: each[name] for method, each in values.items() if name in each}
        if not all(np.isnan(column).all() for column in columns.values()):
            best[name] = max(columns, key=lambda method: micro(columns[method]))
            tied[name] = tied_with_best(columns, seed=SEED) - {best[name]}
    return best, tied
