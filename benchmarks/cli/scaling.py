"""`scaling`: time and memory at rising gallery sizes."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

DEFAULT_METHODS = (
    "pixels",
    "phash",
    "eigenfaces",
    "sift-indexed",
    "mobilenetv2",
    "efficientnet-lite0",
    "mtcnn-facenet",
    "mtcnn-facenet-balltree",
    "mtcnn-facenet-kmeans",
)
"""Some of each kind: exact search over long and short rows, hashes, a learned transform, trees, clusters, keypoints."""


def scaling(
    methods: options.Methods = None,
    datasets: options.Datasets = None,
    subset: Annotated[str, typer.Option("--subset", help="Whose images are used, where -d names none.")] = "full",
    sizes: Annotated[str, typer.Option("--sizes", help="Gallery sizes, rising.")] = "1000,2000,5000,10000",
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, callback=options.finite, help="Seconds one process may run.")
    ] = 1800,
    memory_limit: Annotated[
        float | None, typer.Option("--memory-limit", min=0.1, callback=options.finite, help="GiB a process may use.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Measure again what was measured.")] = False,
) -> None:
    """Measure time and memory at rising gallery sizes, and fit the laws by which they grow.

    Galleries beyond the data set are filled up with jittered embeddings. What was measured is not measured again.
    """
    from benchmarks.provenance import usable_cores
    from benchmarks.scaling.contestants import Request
    from benchmarks.scaling.galleries import parse_sizes
    from benchmarks.scaling.session import Session
    from benchmarks.store import Store
    from benchmarks.tables.scaling.report import write_scaling
    from benchmarks.terminal import Console
    from datasets.registry import parse_dataset
    from methods.registry import load_registry

    console = Console()
    registry = load_registry(plugins or ())
    named = [parse_dataset(text) for text in datasets or ("lfw",)]
    request = Request(
        methods=tuple(dict.fromkeys(methods or DEFAULT_METHODS)),
        datasets=tuple(dict.fromkeys((name, own or subset) for name, own in named)),
        sizes=parse_sizes(sizes),
        data_dir=data_dir,
        weights_dir=weights_dir,
        plugins=tuple(plugins or ()),
        threads=threads or usable_cores(),
        timeout=timeout,
        memory_bytes=int(memory_limit * 2**30) if memory_limit else None,
        force=force,
    )
    store = Store(out)
    store.require_writable()
    session = Session(
        request, registry, store, lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)
    )
    rows = session.run()
    for path in write_scaling(store, registry, out):
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
    statuses = [row["status"] for row in rows]
    unavailable, failed = statuses.count("unavailable"), sum(s not in ("ok", "unavailable") for s in statuses)
    console.print(
        f"{count_of(len(rows), 'point')}, {count_of(session.measured, 'process', 'processes')} run, "
        f"{unavailable} unavailable, {failed} failed",
        highlight=False,
    )
    if failed:
        raise typer.Exit(1)
