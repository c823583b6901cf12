"""`indexes`: nearest-neighbour indexes scored as indexes."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

DEFAULT_VECTORS = ("mtcnn-facenet:lfw:full", "phash:lfw:full")
"""Face embeddings, and hashes."""


def indexes(
    vectors: Annotated[
        list[str] | None,
        typer.Option("--vectors", help="METHOD:DATASET:SUBSET whose vectors are searched; may be given several times."),
    ] = None,
    jittered: Annotated[
        int | None,
        typer.Option("--jittered", min=100, help="Vectors in the gallery: beyond the real ones, moved copies."),
    ] = None,
    index: Annotated[
        list[str] | None, typer.Option("--index", "-i", help="One of the family; all unless given. May be repeated.")
    ] = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Rounds; every setting has a turn in each.")] = 8,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.01, callback=options.finite, help="Seconds of a turn, about.")
    ] = 0.15,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Queries asked at once.")] = 64,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, callback=options.finite, help="Seconds a build or an answer may take.")
    ] = 1200,
    memory_limit: Annotated[
        float,
        typer.Option(
            "--memory-limit", min=0.1, callback=options.finite, help="GiB an index's process may have for itself."
        ),
    ] = 16,
) -> None:
    """Score indexes on real vectors: recall against exact search, queries a second, build time, bytes, over a sweep.

    Each index is built in a process of its own. Exact search always takes part, to be held against.
    """
    from benchmarks.indexes.request import Request
    from benchmarks.indexes.session import Session
    from benchmarks.indexes.turns import Budget
    from benchmarks.indexes.vectors import parse_source
    from benchmarks.provenance import usable_cores
    from benchmarks.store import Store
    from benchmarks.tables.indexes.report import write_indexes
    from benchmarks.terminal import Console
    from methods.registry import load_registry

    console = Console()
    request = Request(
        sources=tuple(parse_source(text, jittered) for text in dict.fromkeys(vectors or DEFAULT_VECTORS)),
        families=tuple(dict.fromkeys(index or ())),
        budget=Budget(rounds, seconds, timeout),
        batch=batch,
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=tuple(plugins or ()),
        threads=threads or usable_cores(),
        memory_limit=int(memory_limit * 2**30),
    )
    store = Store(out)
    store.require_writable()
    session = Session(
        request,
        load_registry(plugins or ()),
        store,
        lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
    )
    rows = session.run()
    for path in write_indexes(store, out):
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
    statuses = [row["status"] for row in rows]
    failed = sum(status not in ("ok", "unavailable") for status in statuses)
    console.print(
        f"{count_of(len(rows), 'setting')}, {statuses.count('unavailable')} unavailable, {failed} failed",
        highlight=False,
    )
    if failed:
        raise typer.Exit(1)
