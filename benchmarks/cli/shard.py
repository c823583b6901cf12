"""`shard`: one cell over several workers, and whether the answer is that of one process."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

if TYPE_CHECKING:
    from benchmarks.rows.experiments import ShardRow


def shard(
    method: Annotated[str, typer.Argument(help="A method made of an encoder and an exact index.")],
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="lfw, cifar10, imdb-wiki or folder:PATH, with an optional :SUBSET.")
    ],
    shards: Annotated[int, typer.Option("--shards", min=1, help="Parts of the gallery, each a task of its own.")] = 4,
    block: Annotated[int, typer.Option("--block", min=1, help="Images that are encoded and searched together.")] = 128,
    depth: Annotated[
        int | None, typer.Option("--depth", "-k", min=1, help="Results a query; the whole gallery unless given.")
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Compare with one process.")] = True,
    backend: options.Backend = "local",
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
    slurm: options.Slurm = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
    keras_backend: options.KerasBackend = "tensorflow",
    timeout: options.Timeout = 14400,
    memory_limit: options.MemoryLimit = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Extract and search a gallery in shards on several workers; compare with one process, bit for bit.

    Ends with 1 where ids, scores or ties differ.
    """
    from dataclasses import replace

    from benchmarks.cli.asking import key_values, make_request
    from benchmarks.cli.measuring import conclude, measuring, settings_of
    from benchmarks.core.additions import load_plugins
    from benchmarks.core.plan import make_plan
    from benchmarks.core.store import Store
    from benchmarks.execution.backends.contract import make_backend
    from benchmarks.experiments.rows import ShardingStore
    from benchmarks.experiments.sharding.measure import Asked, measure
    from benchmarks.reporting.tables.sharding import write_sharding
    from benchmarks.system.provenance import usable_cores
    from benchmarks.system.terminal import Console

    console = Console(soft_wrap=True, highlight=False, markup=False)
    registry = load_plugins(plugins or ())
    elsewhere = backend != "local"
    request = make_request(
        registry,
        all_methods=False,
        methods=[method],
        datasets=[dataset],
        subset="standard",
        tasks=["retrieval"],
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device=device,
        keras_backend=keras_backend,
        elsewhere=elsewhere,
    )
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
        elsewhere=elsewhere,
    )
    store = Store(out)
    engine = make_backend(backend, store.cache / "jobs", scheduler, workers, key_values("--slurm", slurm))
    asked = Asked(shards, block, depth, 2 * shards if elsewhere else usable_cores(), check)
    with measuring(console, settings, out, ShardingStore) as frame:
        (planned,) = make_plan(replace(request, methods=(method,)), registry, frame.store).cells
        row = measure(planned, request, asked, engine, frame, ShardingStore(out))
    if row["status"] == "ok":
        for line in _words(row):
            console.print(line)
    conclude(console, [row], frame, [] if dry_run else write_sharding(frame.store, out))
    if row["status"] == "ok" and row["check"] and not row["check"]["equal"]:
        raise typer.Exit(1)


def _words(row: "ShardRow") -> Iterator[str]:
    """What was done, and how far the answer agrees with that of one process."""
    yield (
        f"{count_of(row['images'], 'image')} in {count_of(row['blocks'], 'block')} and "
        f"{count_of(row['shards'], 'shard')} on {row['backend']}, {count_of(row['queries'], 'query', 'queries')}, "
        f"{row['depth']} deep; extracted in {row['extract_s']:.1f} s "
        f"({count_of(row['encoded_blocks'], 'block')} encoded now), searched and merged in {row['search_s']:.1f} s"
    )
    if not row["check"]:
        return
    same, own = row["check"]["shards"], row["check"]["own_index"]
    said = {True: "equal", False: "NOT EQUAL"}
    yield f"one process, every image anew: {row['check']['seconds']:.1f} s"
    yield (
        f"shards against one process: ids {said[same['ids_equal']]}, scores {said[same['scores_equal']]} bit for bit, "
        f"ties {said[same['ties_equal']]} ({count_of(same['ties'], 'neighbour ties', 'neighbours tie')})"
    )
    yield (
        f"against one index over the whole gallery: {own['same_ids']:.3%} of places hold the same image, scores differ "
        f"by {own['largest_difference']:.2g} at most (a float32 product of another shape rounds otherwise)"
    )
