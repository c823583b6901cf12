"""A run as a person sees it: a live table on a terminal, plain lines anywhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.plan import Plan, PlannedCell
from benchmarks.runner import Observer
from datasets.words import count_of

_COLOURS = {"ok": "green", "unavailable": "yellow"}


class PlainObserver:
    """One line when a cell starts, one when it ends: for logs."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.count = 0

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Print the cell and its process id."""
        self.count += 1
        self.console.print(f"[{self.count}/{self.total}] {planned.cell.title} (pid {pid})", markup=False)

    def finished(self, planned: PlannedCell, row: dict[str, Any]) -> None:
        """Print how it ended."""
        reason = f": {row['reason']}" if row["reason"] else ""
        line = f"    {planned.cell.title}: {_word(row)} after {row['wall_s']:.1f} s{reason}"
        self.console.print(line, markup=False, soft_wrap=True)


class LiveObserver:
    """A progress bar with the running cells below finished ones."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.bar = progress.add_task("cells", total=total)
        self.running: dict[PlannedCell, Any] = {}

    def started(self, planned: PlannedCell, pid: int) -> None:
        """Show the cell as running."""
        title = f"{escape(planned.cell.title)} [dim](pid {pid})[/]"
        self.running[planned] = self.progress.add_task(title, total=None)

    def finished(self, planned: PlannedCell, row: dict[str, Any]) -> None:
        """Move the cell from running to the lines above."""
        if task := self.running.pop(planned, None):
            self.progress.remove_task(task)
        colour = _COLOURS.get(row["status"], "red")
        reason = f" [dim]{escape(row['reason'])}[/]" if row["reason"] else ""
        text = f"[{colour}]{_word(row):>11}[/] {escape(planned.cell.title)} [dim]{row['wall_s']:.1f} s[/]{reason}"
        self.progress.console.print(text)
        self.progress.advance(self.bar)


@contextmanager
def observing(console: Console, total: int) -> Iterator[Observer]:
    """The observer that suits the console."""
    if not console.is_terminal:
        yield PlainObserver(console, total)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield LiveObserver(progress, total)


def print_plan(console: Console, plan: Plan, cells: Sequence[PlannedCell], full: bool) -> None:
    """A line that sums the plan up; with `full`, every cell, what was left out and how long it should take."""
    if full:
        table = Table("method", "data set", "task", "state", "why", "last", title="plan", title_justify="left")
        chosen = set(map(id, cells))
        for planned in plan.cells:
            state = planned.state if id(planned) in chosen else "as stored"
            last = f"{planned.last_seconds:.0f} s" if planned.last_seconds is not None else ""
            name = f"{planned.cell.dataset}:{planned.cell.subset}"
            why = planned.why if planned.trained else f"{planned.why} (untrained: no weights)".strip()
            table.add_row(planned.cell.method, name, planned.cell.task, state, escape(why), last)
        console.print(table)
        for method, dataset, reason in plan.left_out:
            console.print(f"left out: {method} on {dataset}: {reason}", markup=False)
    known = [planned.last_seconds for planned in cells if planned.last_seconds is not None]
    typical = median(known) if known else None
    eta = f", about {sum(known) + typical * (len(cells) - len(known)):.0f} s by earlier runs" if typical else ""
    console.print(
        f"{count_of(len(cells), 'cell')} to run{eta}, {len(plan.cells) - len(cells)} as stored", highlight=False
    )


def _word(row: dict[str, Any]) -> str:
    return "untrained" if row["status"] == "ok" and not row["trained"] else row["status"]
