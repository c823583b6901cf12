"""`stream`: a gallery larger than memory."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

DEFAULT_METHODS = ("phash", "hog")


def stream(
    methods: options.Methods = None,
    dataset: Annotated[
        str, typer.Option("--dataset", "-d", help="Whose images: lfw, cifar10, imdb-wiki or folder:PATH, with :SUBSET.")
    ] = "cifar10",
    size: Annotated[int, typer.Option("--size", min=1, help="Images in the gallery.")] = 100_000,
    rows: Annotated[int, typer.Option("--shard-rows", min=1, help="Images in a shard.")] = 4096,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
    keras_backend: options.KerasBackend = "tensorflow",
    timeout: options.Timeout = 14400,
    memory_limit: options.MemoryLimit = 2,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Embed a gallery onto disk shard by shard, and search it there, one shard in memory at a time.

    Beyond the data set the gallery is filled with distorted copies of its images. Killed, the same command goes on
    after the last whole shard. The answers are compared with those of a search in memory.
    """
    from benchmarks.cli.measuring import conclude, measuring, settings_of
    from benchmarks.core.additions import load_plugins
    from benchmarks.experiments.rows import StreamingStore
    from benchmarks.experiments.streaming.session import Asked, measure
    from benchmarks.reporting.tables.streaming import write_streaming
    from benchmarks.system.terminal import Console
    from datasets.registry import parse_dataset

    console = Console(soft_wrap=True, highlight=False)
    load_plugins(plugins or ())
    name, subset = parse_dataset(dataset)
    asked = Asked(tuple(dict.fromkeys(methods or DEFAULT_METHODS)), (name, subset or "full"), size, rows)
    settings = settings_of(
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=plugins,
        threads=threads,
        device=device,
        keras_backend=keras_backend,
        timeout=timeout,
        memory_limit=memory_limit,
        force=force,
        dry_run=dry_run,
    )
    with measuring(console, settings, out, StreamingStore) as frame:
        results = measure(asked, frame, StreamingStore(out))
    for row in results:
        if row["status"] == "ok":
            made = row["extraction"]
            console.print(
                f"{row['cell']['method']}: {count_of(made['found'], 'shard')} found, {made['made']} made; "
                f"{row['check'].get('equal', 0)} of {count_of(row['batch'], 'answer')} as in memory"
            )
    # A comparison that failed is a failure too: whether the answers are right is then not known.
    judged = [row["check"] if row["status"] == "ok" else row for row in results]
    conclude(console, judged, frame, [] if dry_run else write_streaming(frame.store, out))
