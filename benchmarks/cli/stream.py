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
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, callback=options.finite, help="Seconds one method may take.")
    ] = 14400,
    memory_limit: Annotated[
        float, typer.Option("--memory-limit", min=0.1, callback=options.finite, help="GiB a process may use.")
    ] = 2,
    force: Annotated[bool, typer.Option("--force", help="Embed and measure again what was measured.")] = False,
) -> None:
    """Embed a gallery onto disk shard by shard, and search it there, one shard in memory at a time.

    Beyond the data set the gallery is filled with distorted copies of its images. Killed, the same command goes on
    after the last whole shard. The answers are compared with those of a search in memory.
    """
    from benchmarks.provenance import usable_cores
    from benchmarks.store import Store
    from benchmarks.streaming.plan import Request
    from benchmarks.streaming.session import Session
    from benchmarks.tables.streaming import write_streaming
    from benchmarks.terminal import Console
    from datasets.registry import parse_dataset
    from methods.registry import load_registry

    console = Console(soft_wrap=True, highlight=False)
    name, subset = parse_dataset(dataset)
    request = Request(
        methods=tuple(dict.fromkeys(methods or DEFAULT_METHODS)),
        dataset=name,
        subset=subset or "full",
        size=size,
        rows=rows,
        memory_bytes=int(memory_limit * 2**30),
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=tuple(plugins or ()),
        threads=threads or usable_cores(),
        timeout=timeout,
        force=force,
    )
    store = Store(out)
    store.require_writable()
    results = Session(
        request, load_registry(plugins or ()), store, lambda line: console.print(line, markup=False)
    ).run()
    for row in results:
        if row["status"] == "ok":
            made = row["extraction"]
            console.print(
                f"{row['cell']['method']}: {count_of(made['found'], 'shard')} found, {made['made']} made; "
                f"{row['check'].get('equal', 0)} of {count_of(row['batch'], 'answer')} as in memory"
            )
    for path in write_streaming(store, out):
        console.print(f"wrote {path}")
    if any(row["status"] != "ok" or row["check"]["status"] != "ok" for row in results):
        raise typer.Exit(1)
