"""A table before it is written: columns that know how to print their values, rows of raw values, notes below."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """`key` finds the value in a row; `show` turns a value that is there into text; text columns align left."""

    title: str
    key: str
    show: Callable[[Any], str] = str
    is_text: bool = False


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
