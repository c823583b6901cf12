"""The leaderboard as the page shows it: the stored retrieval tables, row by row."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reporting.tables.model import disturbed_mark, milliseconds
from datasets.notes import note


@dataclass(frozen=True)
class Row:
    """One method on one subset. None where a table has no figure."""

    dataset: str
    method: str
    family: str
    learns_labels: bool
    hit1: float | None
    low: float | None
    high: float | None
    mean_average_precision: float | None
    milliseconds: float | None
    """Of a query, median."""
    disturbed: bool
    """It was timed while other processes used the machine."""
    mebibytes: float | None
    word: str
    """Why there is no accuracy: untrained, timeout, ..."""

    @property
    def shown_milliseconds(self) -> str:
        """As the tables write it; empty where nothing was timed."""
        text = "" if self.milliseconds is None else milliseconds(self.milliseconds)
        return disturbed_mark(text, {"disturbed": self.disturbed}, "p50_ms") if text else ""


def read_leaderboard(path: Path) -> list[Row]:
    """The retrieval rows of overview.csv; none where the file is not there.

    The data set with the most methods comes first; within one, the best hit@1.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [_row(row) for row in csv.DictReader(file) if row["task"] == "retrieval"]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        note(f"stored file damaged: {path} ({type(error).__name__}: {error}); `report` makes it again")
        return []
    methods = Counter(row.dataset for row in rows)  # in the order of the file, where two have as many
    order = [dataset for dataset, _ in methods.most_common()]
    return sorted(rows, key=lambda row: (order.index(row.dataset), -(row.hit1 if row.hit1 is not None else -1)))


def _row(row: dict[str, str]) -> Row:
    peak = _number(row, "peak_bytes")
    untrained = "untrained" if row.get("trained") == "False" else ""
    return Row(
        dataset=f"{row['dataset']}:{row['subset']}",
        method=row["method"],
        family=row["family"],
        learns_labels=row.get("supervised") == "True" and row["family"] != "canary",
        hit1=_number(row, "hit@1"),
        low=_number(row, "hit@1_low"),
        high=_number(row, "hit@1_high"),
        mean_average_precision=_number(row, "mAP"),
        milliseconds=_number(row, "p50_ms"),
        disturbed=row.get("disturbed") == "True",
        mebibytes=None if peak is None else peak / 2**20,
        word=row["status"] if row["status"] != "ok" else untrained,
    )


def _number(row: dict[str, str], name: str) -> float | None:
    return float(row[name]) if row.get(name) else None
