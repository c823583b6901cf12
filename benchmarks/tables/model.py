"""A table before it is written: columns that know how to print their values, rows of raw values, notes below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.columns import Column, count, fraction, is_missing, mebibytes, milliseconds, rate

__all__ = [
    "Column",
    "Shown",
    "Table",
    "count",
    "fraction",
    "is_missing",
    "mark",
    "mebibytes",
    "milliseconds",
    "rate",
    "shown",
]


DISTURBED = "‡"
"""Stands behind a time that was measured while other processes disturbed it (see benchmarks.disturbance)."""
TIMED = ("p50_ms", "p95_ms", "p99_ms", "mean_ms", "queries_per_s")
"""What is measured in the pass that is watched for disturbance."""


@dataclass
class Table:
    """Rows are raw values by key; `marks[key]` names the best method and those tied with it."""

    title: str
    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    best: Mapping[str, str] = field(default_factory=dict)
    """Column key -> the method with the best value."""
    tied: Mapping[str, set[str]] = field(default_factory=dict)
    """Column key -> methods whose difference to the best may be 0."""


@dataclass(frozen=True)
class Shown:
    """What one cell of a table says, before a writer (markdown, LaTeX, HTML) gives it its form."""

    text: str
    interval: tuple[str, str] | None = None
    clustered: tuple[str, str] | None = None
    """The interval over clusters, where its width differs by more than a quarter."""
    clustered_by: str = ""
    """What the clusters are."""
    mark: Literal["", "best", "tied"] = ""


def shown(table: Table, column: Column, row: Mapping[str, Any]) -> Shown:
    """The text of `row` in `column`: its figure, the word that stands for it (untrained, timeout), or nothing."""
    value = row.get(column.key)
    if is_missing(value):
        return Shown(row["word"] if column.key in row.get("word_in", ()) else "")
    text = disturbed_mark(column.show(value), row, column.key)
    interval, clustered = (
        (column.show(ends[0]), column.show(ends[1])) if (ends := row.get(f"{column.key}{kind}_interval")) else None
        for kind in ("", "_clustered")
    )
    by = row.get("clustered_by", "") if clustered else ""
    return Shown(text, interval, clustered, by, mark(table, column.key, row["method"]))


def disturbed_mark(text: str, row: Mapping[str, Any], key: str) -> str:
    """A figure's text, with the sign of a disturbed measurement where `key` is a time of a row that was disturbed."""
    return f"{text} {DISTURBED}" if key in TIMED and row.get("disturbed") else text


def mark(table: Table, key: str, method: str) -> Literal["", "best", "tied"]:
    """Whether `method` is the best of the column `key`, or tied with the best."""
    if table.best.get(key) == method:
        return "best"
    return "tied" if method in table.tied.get(key, ()) else ""
