"""What a run has found, on a terminal: the best methods of each data set, what failed and why, where to read on."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

from rich.table import Table as Grid
from rich.text import Text

from benchmarks.core.cells import Cell
from benchmarks.reporting.tables.model import (
    DISTURBED,
    MethodRow,
    Table,
    disturbed_mark,
    figure_of,
    fraction,
    is_missing,
    mark,
    mebibytes,
    milliseconds,
)
from benchmarks.reporting.tables.notes import disturbance_words, unusable
from benchmarks.reporting.tables.pages import Page
from benchmarks.rows.cell import CellResult, CellRow
from benchmarks.system.provenance import program
from benchmarks.system.terminal import Console
from datasets.words import count_of

_SHOWN = 7
"""Methods of a data set; with its title, header, two lines of notes and a blank one that is a dozen lines."""
_MARKS = {"best": "best", "tied": "≈", "": ""}
_LEGEND = {
    "≈": "not significantly worse (paired bootstrap over queries and classes, 95%)",
    "†": "learns from the gallery's labels",
    DISTURBED: "timed while other processes used the machine, as cells of a smoke run do",
}


def print_leaders(console: Console, pages: Sequence[Page], asked: Collection[tuple[str, str]]) -> None:
    """The leaders of every data set and subset of `asked`: of retrieval, or of other tasks where that did not run."""
    shown = [page for page in pages if page.metric and _asked(page) in asked]
    retrieval = {_asked(page) for page in shown if page.retrieval}
    printed = ""
    for page in shown:
        if page.retrieval:
            accuracy, why = page.retrieval.accuracy(), page.retrieval.unanswered()
            printed += _print_table(console, f"{page.group.where}, retrieval", page.metric, accuracy, why)
            for line in filter(None, (page.retrieval.flat, *unusable(page.group))):
                console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)
        elif page.tables and _asked(page) not in retrieval:
            printed += _print_table(console, page.group.heading, page.metric, page.tables[0])
    for sign, meaning in _LEGEND.items():
        if sign in printed:
            console.print(f"{sign}: {meaning}", style="dim", highlight=False)


def print_failures(console: Console, failed: Sequence[tuple[Cell, CellRow]], what: str) -> None:
    """The cells without a result, by how they ended and why; `what` says after their count what they are."""
    reasons: dict[str, list[str]] = {}
    for cell, row in failed:
        reasons.setdefault(f"{row['status']}: {row['reason']}", []).append(cell.title)
    if reasons:
        console.print(f"\n{count_of(len(failed), 'cell')} {what}:", style="bold", highlight=False)
    for reason, titles in reasons.items():
        more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
        console.print(f"  {reason}\n    {'; '.join(titles[:3])}{more}", markup=False, highlight=False)


def print_disturbed(console: Console, rows: Mapping[Cell, CellResult]) -> None:
    """The cells whose times were disturbed by other processes, and how they are timed anew."""
    met = {cell: row["noise"] for cell, row in rows.items() if row.get("noise", {}).get("disturbed")}
    if not met:
        return
    again = sum(noise["attempts"] > 1 for noise in met.values())
    tried = f" ({count_of(again, 'cell')} twice)" if again else ""
    console.print(
        f"\n{DISTURBED} {count_of(len(met), 'cell was', 'cells were')} timed while the machine was not quiet{tried}; "
        "for times that hold run them again with --force when it is:",
        highlight=False,
        soft_wrap=True,
    )
    for cell, noise in list(met.items())[:3]:
        console.print(f"  {cell.title}: {disturbance_words(noise)}", markup=False, highlight=False, soft_wrap=True)
    if len(met) > 3:
        console.print(f"  and {len(met) - 3} more", highlight=False)


def print_next_steps(console: Console, out: Path, failed: bool) -> None:
    """Where the tables lie, and the commands that lead on."""
    place = "" if out == Path("results") else f" --out {out}"
    lines = [
        f"overview: {out / 'overview.md'}",
        f"report:   {program()} report{place}   (writes {out / 'report' / 'index.html'})",
        f"search:   {program()} search PICTURE --gallery FOLDER",
    ]
    if failed:
        lines.insert(0, f"failed:   {program()} status --why{place}")
    console.print()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _asked(page: Page) -> tuple[str, str]:
    cell = page.group.entries[0][0]
    return cell.dataset, cell.subset


def _print_table(console: Console, title: str, metric: str, table: Table, why: str = "") -> str:
    """The methods of a table by their `metric`, with what a query costs where that was measured; all cells' texts.

    `why` says what it is that no method has an accuracy for.
    """
    rows = cast(Sequence[MethodRow], table.rows)
    scored = [(row, score) for row in rows if (score := figure_of(row, metric)) is not None]
    ranked = sorted((each for each in scored if each[0]["family"] != "canary"), key=lambda each: -each[1])
    timed = any("p50_ms" in row for row, _ in ranked)
    console.print()
    console.print(title, style="bold", markup=False, highlight=False)
    grid = Grid(box=None, pad_edge=False)
    grid.add_column("method", no_wrap=True, overflow="fold")
    for name in (metric, "95%", "", *(("p50 ms", "peak MiB") if timed else ())):
        grid.add_column(name, no_wrap=True, justify="left" if name in ("95%", "") else "right")
    texts: list[str] = []
    for row, score in ranked[:_SHOWN]:
        sign = mark(table, metric, row["method"])
        style = "bold green" if sign == "best" else ""
        ends = [end for name in ("low", "high") if (end := figure_of(row, f"{metric}_{name}")) is not None]
        interval = " to ".join(map(fraction, ends)) if len(ends) == 2 else ""
        cells = (row["shown_method"], fraction(score), interval, _MARKS[sign], *(_cost(row) if timed else ()))
        grid.add_row(*(Text(cell, style=style) for cell in cells))
        texts += cells
    if ranked:
        console.print(grid)
    else:
        console.print(f"  no method has an accuracy{f': {why}' if why else ''}", highlight=False)
    notes = [f"{row['method']} {fraction(score)}" for row, score in scored if row["family"] == "canary"]
    more = [f"{count_of(len(ranked) - _SHOWN, 'more method')} in the overview"] if len(ranked) > _SHOWN else []
    said = "; ".join([*([f"canaries: {', '.join(notes)}"] if notes else []), *more])
    if said:
        console.print(f"  {said}", style="dim", markup=False, highlight=False)
    return " ".join(texts)


def _cost(row: MethodRow) -> tuple[str, str]:
    p50, peak = row["p50_ms"], row["peak_bytes"]
    median = "" if is_missing(p50) else disturbed_mark(milliseconds(p50), row, "p50_ms")
    return median, "" if is_missing(peak) else mebibytes(peak)
