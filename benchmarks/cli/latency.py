"""`latency`: methods in turn, in one session."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of


def latency(
    all_methods: Annotated[bool, typer.Option("--all", help="Every method.")] = False,
    methods: options.Methods = None,
    datasets: options.Datasets = None,
    subset: options.Subset = "standard",
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "auto",
    keras_backend: options.KerasBackend = "tensorflow",
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Rounds; every method is timed in each.")] = 10,
    queries: Annotated[int, typer.Option("--queries", min=3, help="Queries of a turn at most.")] = 20,
    seconds: Annotated[float, typer.Option("--seconds", min=0.01, help="Seconds of a turn, about.")] = 1.0,
    against: Annotated[
        Path | None, typer.Option("--against", help="Another checkout: its code takes turns with this one's.")
    ] = None,
    timeout: options.Timeout = 900,
    memory_limit: options.MemoryLimit = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Time queries of several methods in interleaved rounds, and write the latency tables.

    With --against, both versions of each method take turns and `compare` can judge their ratio.
    """
    from benchmarks.cli.asking import make_request
    from benchmarks.cli.measuring import settings_of
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.plan import make_plan
    from benchmarks.core.store import Store
    from benchmarks.experiments.latency.rounds import Budget
    from benchmarks.experiments.latency.session import Session, measure
    from benchmarks.reporting.tables.latency import write_latency_tables
    from benchmarks.system.terminal import Console
    from datasets.errors import BenchmarkError

    console = Console()
    registry = load_plugins(plugins or ())
    request = make_request(
        registry,
        all_methods=all_methods,
        methods=methods,
        datasets=datasets,
        subset=subset,
        tasks=["retrieval"],
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device=device,
        keras_backend=keras_backend,
    )
    store = Store(out)
    store.require_writable()
    with console.status("planning") as spinner:
        plan = make_plan(request, registry, store, spinner.update)
        # A canary computes nothing whose time would tell anything.
        asked = [planned for planned in plan.cells if planned.spec.family != "canary"]
        cells = [planned for planned in asked if not planned.obstacle]
        unfit = [f"{planned.cell.method}: {planned.obstacle}" for planned in asked if planned.obstacle]
        if not cells:
            raise BenchmarkError(f"nothing to time: {'; '.join(unfit) or 'name methods (see `list methods`)'}")
    for line in unfit:
        console.print(f"left out: {line}", markup=False, soft_wrap=True)
    with console.status("planning") as spinner:
        settings = settings_of(
            data_dir=data_dir,
            weights_dir=weights_dir,
            plugins=plugins,
            threads=request.threads,
            device=request.device,
            keras_backend=keras_backend,
            timeout=timeout,
            memory_limit=memory_limit,
            force=force,
            dry_run=dry_run,
        )
        budget = Budget(rounds, queries, seconds, ready_seconds=timeout)
        records = measure(cells, Session(request, store, budget, against, settings), spinner.update)
    if dry_run:
        console.print(f"{count_of(len(cells), 'method')}, {len(records)} as stored", highlight=False)
        return
    for path in write_latency_tables(store, registry, out):
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
    for record in records:
        if record.facts["error"]:
            console.print(record.facts["error"], style="red", markup=False, soft_wrap=True)
    if any(record.facts["error"] for record in records):
        raise typer.Exit(1)
