"""`run`: the main job."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of, duration


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
    from benchmarks.additions import load_plugins
    from benchmarks.backends.contract import make_backend
    from benchmarks.cli.asking import default_jobs, key_values, make_request
    from benchmarks.cli.leaders import print_disturbed, print_failures, print_leaders, print_next_steps
    from benchmarks.cli.planned import print_plan
    from benchmarks.cli.progress import observing
    from benchmarks.engines.auto import fastest
    from benchmarks.forecast import expected_seconds
    from benchmarks.memory_forecast import too_large
    from benchmarks.pictures.write import write_contact_sheets
    from benchmarks.plan import make_plan
    from benchmarks.processes import end_strays
    from benchmarks.publishing.write import require_sound, write_pages
    from benchmarks.replaced import require_no_loss
    from benchmarks.runner import Limits, run_cells, to_run, without_result
    from benchmarks.store import Store
    from benchmarks.tables.identical import find_near_copies
    from benchmarks.tables.pages import make_pages
    from benchmarks.terminal import Console

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
    if strays := end_strays(out):
        ended = count_of(len(strays), "process", "processes")
        console.print(f"ended {ended} of an earlier run in {out}: {', '.join(strays)}", markup=False, soft_wrap=True)
    with console.status("planning") as spinner:
        plan = make_plan(request, registry, store, spinner.update, force, fastest)
    cells = to_run(plan, force, only_failed)
    jobs = jobs or (default_jobs(request) if backend == "local" else max(1, len(cells)))
    expected = expected_seconds(cells, store, registry)
    print_plan(console, plan, expected, jobs, full=dry_run)
    limits = Limits(timeout, int(memory_limit * 2**30) if memory_limit else None, jobs)
    if limits.memory_bytes:
        for line in too_large(cells, store, limits.memory_bytes, keep_rankings):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if dry_run:
        return
    if not force:
        require_no_loss(cells, store)
    rows = []
    if cells:
        with observing(console, expected, store, jobs) as observer:
            rows = run_cells(cells, request, store, limits, observer, engine_of_cells)
    with console.status("looking for near copies") as spinner:
        find_near_copies(store, registry, data_dir, {each.inputs["manifest"] for each in plan.cells}, spinner.update)
    with console.status("scoring"):
        pages = make_pages(store, registry)
        written = write_pages(store, registry, pages, out)
    with console.status("drawing contact sheets"):
        sheets = write_contact_sheets(store, registry, data_dir, out, only_outdated=True)
    bad, absent, spared = without_result(cells, store, all_methods)
    kept = f" ({count_of(spared, 'earlier row')} kept)" if spared else ""
    print_leaders(console, pages, request.datasets)
    print_failures(console, absent, "of methods that this machine lacks something for")
    print_failures(console, bad, "without a result")
    # Side by side they disturb each other, which every table says.
    print_disturbed(console, {each.cell: row for each in cells if (row := store.row(each.cell)) and row["jobs"] == 1})
    console.print(
        f"\n{count_of(len(rows), 'cell')} run, {len(plan.cells) - len(rows)} as stored, "
        f"{len(bad)} without a result{kept}{f', {len(absent)} not possible here' if absent else ''}; "
        f"{count_of(len(written), 'table')} and {count_of(len(sheets.written), 'picture')} in {out} "
        f"after {duration(time.perf_counter() - start)}",
        soft_wrap=True,
        highlight=False,
    )
    print_next_steps(console, out, bool(bad))
    require_sound(pages)
    if bad or (rows and len(absent) == len(rows)):
        raise typer.Exit(1)
