"""A column of a table, and how figures are printed: each unit in one way everywhere."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


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


@dataclass(frozen=True)
class DerivedColumn(Column):
    """A figure worked out from the others of a row of the retrieval table; a plug-in lists such in COLUMNS."""

    of: Callable[[Mapping[str, Any]], float | None] = field(kw_only=True)
    """From a row's figures (keys as in the table's CSV: "hit@1", "p50_ms", "peak_bytes"); None: there is none."""


DERIVED: dict[str, DerivedColumn] = {}
"""By key, the columns of plug-ins that were loaded."""


def add_column(column: object) -> None:
    """Have a plug-in's column in every table of retrieval; the same one again does nothing.

    Raises ValueError, in words that follow its title, for what is none or has a key that is taken.
    """
    if not isinstance(column, DerivedColumn):
        raise ValueError(f"it is a {type(column).__name__}, expected a benchmarks.core.columns.DerivedColumn")
    if not column.key.isidentifier() or not column.title.strip():
        raise ValueError("it needs a title, and a key of letters, digits and underscores")
    if DERIVED.setdefault(column.key, column) is not column:
        raise ValueError(f"the key {column.key} is taken; give yours another")


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
