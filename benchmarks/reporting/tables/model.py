"""A table before it is written: columns that know how to print their values, rows of raw values, notes below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, cast

from benchmarks.core.columns import Column, count, fraction, is_missing, mebibytes, milliseconds, rate

__all__ = [
    "Column",
    "MethodRow",
    "Shown",
    "Table",
    "count",
    "figure_of",
    "fraction",
    "is_missing",
    "mark",
    "mebibytes",
    "milliseconds",
    "rate",
    "shown",
]


DISTURBED = "‡"
"""Stands behind a time that was measured while others disturbed it (see benchmarks.experiments.disturbance)."""
TIMED = ("p50_ms", "p95_ms", "p99_ms", "mean_ms", "queries_per_s")
"""What is measured in the pass that is watched for disturbance."""


_Shares = TypedDict(
    "_Shares",
    {
        "hit@1": float,
        "hit@1_low": float,
        "hit@1_high": float,
        "mAP": float,
        "kNN-vote@1": float,
        "index_recall@20": float | None,
    },
    total=False,
)


class PlottedRow(_Shares, total=False):
    """What a mark of accuracy over time is drawn from."""

    method: str
    p50_ms: float


class MethodRow(PlottedRow, total=False):
    """One method's row in a table of its task, as far as code reads it by name; metrics of all names are there too.

    A figure that a method does not have is absent, None or NaN: `is_missing` asks.
    """

    shown_method: str
    """With the signs that tables put behind it."""
    family: str
    supervised: bool
    reference: str
    """The method whose vectors this one searches through another index; "" for none."""
    status: str
    reason: str
    trained: bool
    device: str
    engine: str
    word: str
    """Stands for a figure that is missing (untrained, timeout); "" for none."""
    word_in: Sequence[str]
    """Keys of the columns that show it."""
    peak_bytes: float
    query_peak_bytes: float
    index_bytes: float
    index_bytes_per_image: float
    gallery: float
    queries: float
    jobs: int
    threads: int
    machine: str
    standard_error: float
    rank: float
    rank_low: float
    rank_high: float
    ranked: int
    rank_over: str


def figure_of(row: Mapping[str, object], key: str) -> float | None:
    """The number that a row has under a key; None where it has none."""
    value = row.get(key)
    return None if is_missing(value) else float(value)  # type: ignore[arg-type]


@dataclass
class Table:
    """Rows are raw values by key; `marks[key]` names the best method and those tied with it."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, object]]
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


def shown(table: Table, column: Column, row: Mapping[str, object]) -> Shown:
    """The text of `row` in `column`: its figure, the word that stands for it (untrained, timeout), or nothing."""
    value = row.get(column.key)
    if is_missing(value):
        return Shown(word_of(row, column.key))
    text = disturbed_mark(column.show(value), row, column.key)
    interval, clustered = (
        (column.show(ends[0]), column.show(ends[1])) if (ends := _ends(row, f"{column.key}{kind}")) else None
        for kind in ("", "_clustered")
    )
    by = str(row.get("clustered_by", "")) if clustered else ""
    return Shown(text, interval, clustered, by, mark(table, column.key, str(row["method"])))


def word_of(row: Mapping[str, object], key: str) -> str:
    """The word that stands for a figure that a row does not have; "" for none."""
    named = cast(MethodRow, row)
    return named["word"] if key in named.get("word_in", ()) else ""


def _ends(row: Mapping[str, object], key: str) -> Sequence[object] | None:
    """Both ends of the interval of a row's figure."""
    ends = row.get(f"{key}_interval")
    return ends if isinstance(ends, list | tuple) and ends else None


def disturbed_mark(text: str, row: Mapping[str, object], key: str) -> str:
    """A figure's text, with the sign of a disturbed measurement where `key` is a time of a row that was disturbed."""
    return f"{text} {DISTURBED}" if key in TIMED and row.get("disturbed") else text


def mark(table: Table, key: str, method: str) -> Literal["", "best", "tied"]:
    """Whether `method` is the best of the column `key`, or tied with the best."""
    if table.best.get(key) == method:
        return "best"
    return "tied" if method in table.tied.get(key, ()) else ""
