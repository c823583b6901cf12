"""A table before it is written: columns that know how to print their values, rows of raw values, notes below."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Column:
    """`key` finds the value in a row; `show` turns a value that is there into text; text columns align left.

    Writers escape what a cell says, unless its column `is_markdown`: markdown in which others' text is escaped already.
    """

    title: str
    key: str
    show: Callable[[Any], str] = str
    is_text: bool = False
    is_markdown: bool = False


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
    mark: Literal["", "best", "tied"] = ""


def shown(table: Table, column: Column, row: Mapping[str, Any]) -> Shown:
    """The text of `row` in `column`: its figure, the word that stands for it (untrained, timeout), or nothing."""
    value = row.get(column.key)
    if is_missing(value):
        return Shown(row["word"] if column.key in row.get("word_in", ()) else "")
    interval, clustered = (
        (column.show(ends[0]), column.show(ends[1])) if (ends := row.get(f"{column.key}{kind}_interval")) else None
        for kind in ("", "_clustered")
    )
    by = row.get("clustered_by", "") if clustered else ""
    return Shown(column.show(value), interval, clustered, by, mark(table, column.key, row["method"]))


def mark(table: Table, key: str, method: str) -> Literal["", "best", "tied"]:
    """Whether `method` is the best of the column `key`, or tied with the best."""
    if table.best.get(key) == method:
        return "best"
    return "tied" if method in table.tied.get(key, ()) else ""


def is_missing(value: object) -> bool:
    """True for None and NaN: the cell has no figure."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def fraction(value: float) -> str:
    """A metric between 0 and 1, three decimals."""
    return f"{value:.3f}"


def milliseconds(value: float) -> str:
    """Three significant digits, never in exponent form."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def rate(value: float) -> str:
    """Things a second, three significant digits, thousands apart."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def mebibytes(value: float) -> str:
    """Bytes as MiB."""
    return f"{value / 2**20:,.0f}" if value >= 10 * 2**20 else f"{value / 2**20:.1f}"


def count(value: float) -> str:
    """A whole number, thousands apart."""
    return f"{value:,.0f}"
