"""A plan on a terminal: what there is to do, on which data, for how long, and what is left out."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.plan import Plan, PlannedCell
from benchmarks.execution.forecast import total_seconds
from benchmarks.system.terminal import Console
from datasets.registry import FOLDER_PREFIX
from datasets.words import count_of, duration

_NAMED = 4
"""Names in one line about what is left out; the others are counted."""


def print_plan(console: Console, plan: Plan, expected: Mapping[PlannedCell, float], jobs: int, full: bool) -> None:
    """What a run will do and how long that takes; with `full`, every cell and the names of what is left out.

    `expected` are the cells to run, and the seconds each should take.
    """
    if full:
        _print_cells(console, plan, expected)
    lines = left_out_lines("left out", plan.left_out, full)
    if full:
        cells = [(each.cell.method, f"{each.cell.dataset}:{each.cell.subset}", each.obstacle) for each in plan.cells]
        lines += left_out_lines("cannot run", [each for each in cells if each[2]], full)
    for line in lines:
        console.print(line, markup=False, highlight=False)
    methods = len({planned.cell.method for planned in plan.cells})
    wheres: dict[tuple[str, str], str] = {}
    for planned in sorted(plan.cells, key=lambda planned: not planned.task.has_gallery):
        wheres.setdefault((planned.cell.dataset, planned.cell.subset), where(planned))
    console.print(f"{count_of(methods, 'method')} on {', '.join(wheres.values())}", markup=False, highlight=False)
    for planned in {planned.cell.dataset: planned for planned in plan.cells if is_folder(planned)}.values():
        found = read_ground_truth(planned.manifest).completeness
        used = f"{planned.images:,} used, of " if planned.task.has_gallery else ""
        console.print(f"{where(planned)}: {used}{found}", markup=False, highlight=False, soft_wrap=True)
    eta = f", about {duration(total_seconds(expected, jobs))}" if expected else ""
    alone = "; those that are timed, one" if any(planned.is_timed for planned in expected) else ""
    beside = f" ({jobs} at a time{alone})" if expected and jobs > 1 else ""
    stored = len(plan.cells) - len(expected)
    console.print(f"{count_of(len(expected), 'cell')} to run{eta}{beside}, {stored} as stored", highlight=False)


def where(planned: PlannedCell) -> str:
    """The data set and subset of a cell, as tables name them: "lfw (synthetic):smoke"; short for pairs of images."""
    cell = planned.cell
    if not planned.task.has_gallery:
        return f"{cell.dataset}:{cell.subset}"
    return read_ground_truth(planned.manifest).asked_as(cell.subset).where


def is_folder(planned: PlannedCell) -> bool:
    """Whether a cell's images are the user's own, of which nobody but the folder itself can say how many there are."""
    return planned.cell.dataset.startswith(FOLDER_PREFIX)


def left_out_lines(state: str, entries: Sequence[tuple[str, str, str]], full: bool) -> list[str]:
    """By reason, how many methods have none of their cells run on which data sets; with `full` their names, or some.

    `entries` are methods, data sets and reasons.
    """
    reasons: dict[str, list[tuple[str, str]]] = {}
    for method, dataset, reason in entries:
        reasons.setdefault(reason, []).append((method, dataset))
    lines = []
    for reason, members in reasons.items():
        methods = list(dict.fromkeys(method for method, _ in members))
        datasets = ", ".join(dict.fromkeys(dataset for _, dataset in members))
        who = methods[0] if methods == ["all methods"] else count_of(len(methods), "method")
        if full and methods != ["all methods"]:
            more = [f"and {len(methods) - _NAMED} more"] if len(methods) > _NAMED else []
            who += f" ({', '.join([*methods[:_NAMED], *more])})"
        lines.append(f"{state}: {who} on {datasets}: {reason}")
    return lines


def _print_cells(console: Console, plan: Plan, expected: Mapping[PlannedCell, float]) -> None:
    """A table for each data set and task, so that names stay whole."""
    groups: dict[str, list[PlannedCell]] = {}
    for planned in plan.cells:
        groups.setdefault(f"{where(planned)}, {planned.cell.task}", []).append(planned)
    for title, members in groups.items():
        console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
        table = Table()
        table.add_column("method", no_wrap=True, overflow="fold", min_width=max(len(m.cell.method) for m in members))
        table.add_column("state", no_wrap=True)
        table.add_column("why")
        table.add_column("about", no_wrap=True, justify="right")
        for planned in members:
            chosen = planned in expected
            untrained = "" if planned.trained else "untrained: no weights"
            why = "; ".join(filter(None, (planned.why, untrained)))
            seconds = duration(expected[planned]) if chosen else ""
            table.add_row(escape(planned.cell.method), planned.state if chosen else "as stored", escape(why), seconds)
        console.print(table)
