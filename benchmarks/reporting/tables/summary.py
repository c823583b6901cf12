"""One line a method over all data sets of one size: what a newcomer reads first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from benchmarks.reporting.tables.model import (
    Column,
    MethodRow,
    Table,
    count,
    figure_of,
    fraction,
    is_missing,
    mebibytes,
    milliseconds,
    rate,
)
from benchmarks.reporting.tables.notes import run_note
from benchmarks.reporting.tables.retrieval import METHOD, RetrievalTables

_COST = (
    Column("query p50 ms", "p50_ms", milliseconds),
    Column("indexed images/s", "gallery_images_per_s", rate),
    Column("peak MiB", "peak_bytes", mebibytes),
    Column("index B/image", "index_bytes_per_image", count),
)


@dataclass(frozen=True)
class Summarised:
    """What the summary reads of one data set: the rows of its retrieval table, and their marks for hit@1."""

    title: str
    """With where the images come from: imdb-wiki (stand-in: 12 celebrities)."""
    subset: str
    rows: Sequence[MethodRow]
    best: str = ""
    tied: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, tables: RetrievalTables) -> "Summarised":
        """From tables scored in this process."""
        truth = tables.group.truth
        best, tied = tables.best.get("hit@1", ""), tables.tied.get("hit@1", set())
        return cls(truth.heading, truth.subset, tables.rows, best, tied)

    @property
    def size(self) -> str:
        """Images of the gallery and queries: lfw 990 + 310."""
        gallery, queries = (max(int(figure_of(row, key) or 0) for row in self.rows) for key in ("gallery", "queries"))
        return f"{self.title} {gallery:,} + {queries:,}"


def summary_table(members: Sequence[Summarised]) -> Table:
    """hit@1 on every data set, cost on the first, best on the first one first; `members` are of one subset.

    Untrained networks are named below the table.
    """
    titles = [member.title for member in members]
    lines = list(merged_lines(members).values())
    columns = (METHOD, *(Column(f"{title} hit@1", title, fraction) for title in titles), *_COST)
    untrained = sorted(str(line["shown_method"]) for line in lines if line["word"] == "untrained")
    return Table(
        f"Retrieval, {members[0].subset} subsets",
        columns,
        sorted((line for line in lines if line["word"] != "untrained"), key=lambda line: _worst_last(line, titles)),
        _notes(members, untrained),
        {member.title: member.best for member in members},
        {member.title: member.tied for member in members},
    )


def merged_lines(members: Sequence[Summarised]) -> dict[str, dict[str, object]]:
    """By method: its hit@1 under each data set's title, its costs on the first data set on which it has them."""
    lines: dict[str, dict[str, object]] = {}
    for number, member in enumerate(members):
        for row in member.rows:
            named: dict[str, object] = {
                "method": row["method"],
                "shown_method": row["shown_method"],
                "family": row["family"],
            }
            _add(lines.setdefault(row["method"], named), row, member.title, number == 0)
    return lines


def run_line(members: Sequence[Summarised]) -> str:
    """The machine and the threads of the first data set's rows, in one sentence."""
    rows = members[0].rows
    timed_beside = any(int(row["jobs"]) > 1 and not is_missing(row.get("p50_ms")) for row in rows)
    return run_note([row["machine"] for row in rows], [int(row["threads"]) for row in rows], timed_beside)


def _worst_last(line: Mapping[str, object], titles: Sequence[str]) -> list[float]:
    """By the first data set, then by the next; a method without a figure there follows those that have one."""
    return [1.0 if (share := figure_of(line, title)) is None else -share for title in titles]


def _add(line: dict[str, object], row: MethodRow, title: str, first: bool) -> None:
    line[title] = row.get("hit@1")
    line["word"], line["word_in"] = (
        row["word"],
        (*cast(MethodRow, line).get("word_in", ()), *([title] if row["word"] else ())),
    )
    for column in _COST:
        if first or is_missing(line.get(column.key)):
            line[column.key] = row.get(column.key)


def _notes(members: Sequence[Summarised], untrained: Sequence[str]) -> list[str]:
    first = members[0]
    notes = [
        f"Gallery + queries: {', '.join(member.size for member in members)}. Cost columns are those of {first.title} "
        "where the method runs on it. Empty: the method looks for faces, or was not run on that data set."
    ]
    if untrained:
        notes.append(f"Timed only, for lack of weights (see the pages): {', '.join(untrained)}.")
    return [*notes, run_line(members)]
