"""`status`: which cells are done, stale, failed or new, without running any."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from benchmarks.cli import options
from datasets.errors import BenchmarkError
from datasets.words import count_of

if TYPE_CHECKING:
    from benchmarks.core.cells import Cell
    from benchmarks.core.plan import PlannedCell, Request
    from benchmarks.core.store import Store
    from benchmarks.system.terminal import Console
    from methods.registry import Registry


class _State(NamedTuple):
    """A cell, how it stands to what would run now, and why."""

    cell: "Cell"
    state: str
    why: str


def status(
    why: Annotated[bool, typer.Option("--why", help="Say what changed for each stale or failed cell.")] = False,
    methods: options.Methods = None,
    datasets: options.Datasets = None,
    subset: Annotated[
        str | None, typer.Option("--subset", help="Only this one; all that are stored unless -d or this is given.")
    ] = None,
    tasks: options.Tasks = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
) -> None:
    """Which cells are done, stale, failed or new: of all that is stored in --out, or of what -m, -d, --subset name."""
    from benchmarks.cli.asking import make_request
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.plan import make_plan
    from benchmarks.core.store import Store
    from benchmarks.system.terminal import Console
    from methods.onnx_methods import is_onnx

    registry = load_plugins(plugins or ())
    store = Store(out)
    registry.recall(cell.method_id for cell, _ in store.rows() if is_onnx(cell.method_id))
    request = make_request(
        registry,
        all_methods=not methods,
        methods=methods,
        datasets=datasets,
        subset=subset or "standard",
        tasks=tasks,
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        side_by_side=True,
    )
    console = Console()
    if datasets or subset:
        store.require_writable()
        states = [_state(each) for each in make_plan(request, registry, store).cells]
    else:
        states = _stored(request, registry, store, console, set(request.methods) if methods else None, threads)
    _print(console, states, why)


def _stored(
    request: "Request",
    registry: "Registry",
    store: "Store",
    console: "Console",
    methods: set[str] | None,
    threads: int | None,
) -> list[_State]:
    """Every stored cell of the request's tasks, and of `methods` where named; what cannot be planned says so.

    `threads` None stands for what `run` would take for the subset.
    """
    from dataclasses import replace

    from benchmarks.core.plan import make_plan

    rows = [
        (cell, row)
        for cell, row in store.rows()
        if cell.task in request.tasks and (methods is None or cell.method.partition("@")[0] in methods)
    ]
    if not rows:
        raise BenchmarkError(f"nothing is stored in {store.root}: `run` first, or name another folder with --out")
    store.require_writable()
    damaged = set(store.damaged_folders())
    states: list[_State] = []
    for pair in dict.fromkeys((cell.dataset, cell.subset) for cell, _ in rows):
        planned: dict[Cell, _State] = {}
        obstacle = "runs with other options than these"
        try:
            used = {row["inputs"]["threads"] for cell, row in rows if (cell.dataset, cell.subset) == pair}
            asked = replace(request, datasets=(pair,), threads=threads or _default_threads(pair, used))
            plan = make_plan(asked, registry, store)
            planned = {each.cell: _state(each) for each in plan.cells}
        except BenchmarkError as error:
            obstacle = str(error)
            console.print(f"{pair[0]}:{pair[1]} cannot be checked: {error}", markup=False, highlight=False)
        members = [cell for cell, _ in rows if (cell.dataset, cell.subset) == pair]
        members += [cell for cell in planned if store.folder(cell) in damaged]
        states += [planned.get(cell, _State(cell, "unchecked", obstacle)) for cell in members]
    return states


def _default_threads(pair: tuple[str, str], used: set[int]) -> int:
    """What `run` takes unless told otherwise: for smoke subsets beside others, all cores, as their rows then say."""
    from benchmarks.cli.asking import default_threads
    from benchmarks.system.provenance import usable_cores

    return usable_cores() if used == {usable_cores()} else default_threads([pair], side_by_side=True)


def _state(planned: "PlannedCell") -> _State:
    rerun = " (last rerun failed)" if planned.failed_rerun else ""
    return _State(planned.cell, planned.state + rerun, planned.why)


def _print(console: "Console", states: Sequence[_State], why: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    groups: dict[str, list[_State]] = {}
    for each in states:
        groups.setdefault(f"{each.cell.dataset}:{each.cell.subset}, {each.cell.task}", []).append(each)
    for title, members in groups.items():
        console.print(title, style="bold", markup=False, highlight=False, soft_wrap=True)
        table = Table()
        table.add_column("method", no_wrap=True, overflow="fold", min_width=max(len(m.cell.method) for m in members))
        table.add_column("state", no_wrap=True)
        if why:
            table.add_column("why")
        for each in members:
            table.add_row(escape(each.cell.method), each.state, *([escape(each.why)] if why else []))
        console.print(table)
    names = [each.state for each in states]
    counts = ", ".join(f"{names.count(state)} {state}" for state in dict.fromkeys(names))
    console.print(f"{count_of(len(states), 'cell')}: {counts}", highlight=False)
