"""`run`: the main job."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of, duration

if TYPE_CHECKING:
    from benchmarks.core.plan import Plan, PlannedCell, Request
    from benchmarks.core.store import Store
    from benchmarks.execution.backends.contract import Backend
    from benchmarks.execution.runner import Limits
    from benchmarks.reporting.tables.pages import Page
    from benchmarks.system.terminal import Console
    from methods.registry import Registry


def run(
    all_methods: Annotated[bool, typer.Option("--all", help="Every method.")] = False,
    methods: options.Methods = None,
    datasets: options.Datasets = None,
    subset: options.Subset = "standard",
    tasks: options.Tasks = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "auto",
    keras_backend: options.KerasBackend = "tensorflow",
    engine: options.Engine = "",
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            help="Cells at a time: one a core; those that are timed run alone (not in a smoke run, whose latencies "
            "suffer). With another backend: cells handed over at a time, all unless given.",
        ),
    ] = None,
    backend: options.Backend = "local",
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
    slurm: options.Slurm = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=1, help="Seconds a cell may run.")] = None,
    memory_limit: Annotated[float | None, typer.Option("--memory-limit", min=0.1, help="GiB a cell may use.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Read all images again, and run cells again that are done.")
    ] = False,
    keep_rankings: Annotated[
        bool,
        typer.Option("--keep-rankings", help="Store whole rankings of large subsets too: 8 bytes a query and image."),
    ] = False,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="Run just the cells that failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
) -> None:
    """Run methods on data sets, store every result, write the tables.

    Cells already done with the same code, data, weights and versions are not run again.
    """
    from benchmarks.cli.asking import default_jobs, key_values, make_request
    from benchmarks.cli.leaders import print_leaders
    from benchmarks.cli.planned import print_plan
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.plan import make_plan
    from benchmarks.core.store import Store
    from benchmarks.execution.backends.contract import make_backend
    from benchmarks.execution.forecast import expected_seconds
    from benchmarks.execution.replaced import require_no_loss
    from benchmarks.execution.runner import Limits, import_ahead, to_run
    from benchmarks.experiments.engines.auto import fastest
    from benchmarks.reporting.publishing.write import require_sound
    from benchmarks.system.terminal import Console

    start = time.perf_counter()
    console = Console()
    registry = load_plugins(plugins or ())
    request = make_request(
        registry,
        all_methods=all_methods,
        methods=methods,
        datasets=datasets,
        subset=subset,
        tasks=tasks,
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device=device,
        keras_backend=keras_backend,
        engine=engine,
        elsewhere=backend != "local",
        side_by_side=True,
    )
    request = replace(request, keep_rankings=keep_rankings)
    store = Store(out)
    engine_of_cells = make_backend(backend, store.cache / "jobs", scheduler, workers, key_values("--slurm", slurm))
    store.require_writable()
    _end_strays(console, out)
    if not dry_run:
        import_ahead(request, registry, store, engine_of_cells)
    with console.status("planning") as spinner:
        plan = make_plan(request, registry, store, spinner.update, force, fastest)
    cells = to_run(plan, force, only_failed)
    jobs = jobs or (default_jobs(request) if backend == "local" else max(1, len(cells)))
    expected = expected_seconds(cells, store, registry)
    print_plan(console, plan, expected, jobs, full=dry_run)
    limits = Limits(timeout, int(memory_limit * 2**30) if memory_limit else None, jobs)
    _say_what_is_too_large(console, cells, store, limits, keep_rankings)
    if dry_run:
        return
    if not force:
        require_no_loss(cells, store)
    made = _run_observed(console, cells, request, store, limits, expected, engine_of_cells)
    pages, written = _write(console, registry, store, data_dir, plan)
    print_leaders(console, pages, request.datasets)
    said = f"{written} in {out} after {duration(time.perf_counter() - start)}"
    failed = _print_outcome(console, store, plan, cells, made, all_methods, said)
    require_sound(pages)
    if failed:
        raise typer.Exit(1)


def _end_strays(console: "Console", out: Path) -> None:
    """End what an earlier run into this folder left running, and say so."""
    from benchmarks.system.processes import end_strays

    if strays := end_strays(out):
        ended = count_of(len(strays), "process", "processes")
        console.print(f"ended {ended} of an earlier run in {out}: {', '.join(strays)}", markup=False, soft_wrap=True)


def _say_what_is_too_large(
    console: "Console", cells: "Sequence[PlannedCell]", store: "Store", limits: "Limits", keep_rankings: bool
) -> None:
    """Name the cells that need more memory than they may use."""
    from benchmarks.execution.memory_forecast import too_large

    for line in too_large(cells, store, limits.memory_bytes, keep_rankings) if limits.memory_bytes else ():
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _run_observed(
    console: "Console",
    cells: "Sequence[PlannedCell]",
    request: "Request",
    store: "Store",
    limits: "Limits",
    expected: "Mapping[PlannedCell, float]",
    engine_of_cells: "Backend",
) -> int:
    """Run cells, if there are any, and show how far they are; how many were run."""
    from benchmarks.cli.progress import observing
    from benchmarks.execution.runner import run_cells

    if not cells:
        return 0
    with observing(console, expected, store, limits.jobs) as observer:
        return len(run_cells(cells, request, store, limits, observer, engine_of_cells))


def _write(
    console: "Console", registry: "Registry", store: "Store", data_dir: Path | None, plan: "Plan"
) -> "tuple[list[Page], str]":
    """Tables and contact sheets of all that is stored: the pages, and in words how many were written."""
    from benchmarks.reporting.pictures.write import write_contact_sheets
    from benchmarks.reporting.publishing.write import write_pages
    from benchmarks.reporting.tables.identical import find_near_copies
    from benchmarks.reporting.tables.pages import make_pages

    with console.status("looking for near copies") as spinner:
        find_near_copies(store, registry, data_dir, {each.inputs["manifest"] for each in plan.cells}, spinner.update)
    with console.status("scoring"):
        pages = make_pages(store, registry)
        written = write_pages(store, registry, pages, store.root)
    with console.status("drawing contact sheets"):
        sheets = write_contact_sheets(store, registry, data_dir, store.root, only_outdated=True)
    return pages, f"{count_of(len(written), 'table')} and {count_of(len(sheets.written), 'picture')}"


def _print_outcome(
    console: "Console",
    store: "Store",
    plan: "Plan",
    cells: "Sequence[PlannedCell]",
    made: int,
    all_methods: bool,
    written: str,
) -> bool:
    """Say which cells have no result and why, how many were made, and what was `written`; whether the run failed."""
    from benchmarks.cli.leaders import print_disturbed, print_failures, print_next_steps
    from benchmarks.execution.runner import without_result

    bad, absent, spared = without_result(cells, store, all_methods)
    kept = f" ({count_of(spared, 'earlier row')} kept)" if spared else ""
    print_failures(console, absent, "of methods that this machine lacks something for")
    print_failures(console, bad, "without a result")
    # Side by side they disturb each other, which every table says.
    print_disturbed(console, {each.cell: row for each in cells if (row := store.row(each.cell)) and row["jobs"] == 1})
    console.print(
        f"\n{count_of(made, 'cell')} run, {len(plan.cells) - made} as stored, "
        f"{len(bad)} without a result{kept}{f', {len(absent)} not possible here' if absent else ''}; {written}",
        soft_wrap=True,
        highlight=False,
    )
    print_next_steps(console, store.root, bool(bad))
    return bool(bad) or (made > 0 and len(absent) == made)
