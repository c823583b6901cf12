"""`indexes`: nearest-neighbour indexes scored as indexes."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from benchmarks.cli import options

if TYPE_CHECKING:
    from benchmarks.core.store import Store
    from benchmarks.experiments.frame import Frame
    from benchmarks.experiments.indexes.session import Asked
    from benchmarks.experiments.rows import IndexStore

DEFAULT_VECTORS = ("mtcnn-facenet:lfw:full", "phash:lfw:full")
"""Face embeddings, and hashes: these only where the whole gallery is searched, as exact search alone does more."""


class Gallery(StrEnum):
    """What is done with the gallery."""

    WHOLE = "whole"
    FILTERED = "filtered"
    CHANGING = "changing"


def indexes(
    vectors: Annotated[
        list[str] | None,
        typer.Option("--vectors", help="METHOD:DATASET:SUBSET whose vectors are searched; may be given several times."),
    ] = None,
    jittered: Annotated[
        int | None,
        typer.Option("--jittered", min=100, help="Vectors in the gallery: beyond the real ones, moved copies."),
    ] = None,
    gallery: Annotated[
        Gallery,
        typer.Option("--gallery", help="As it is; each query among some rows; or with rows that come and go."),
    ] = Gallery.WHOLE,
    index: Annotated[
        list[str] | None, typer.Option("--index", "-i", help="One of the family; all unless given. May be repeated.")
    ] = None,
    data_dir: options.DataDir = None,
    weights_dir: options.WeightsDir = None,
    out: options.OutDir = Path("results"),
    plugins: options.Plugins = None,
    threads: options.Threads = None,
    device: options.Device = "cpu",
    keras_backend: options.KerasBackend = "tensorflow",
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="Rounds; every setting is timed in each.")] = 8,
    seconds: Annotated[float, typer.Option("--seconds", min=0.01, help="Seconds of a turn, about.")] = 0.15,
    batch: Annotated[int, typer.Option("--batch", min=2, help="Queries asked at once.")] = 64,
    timeout: options.Timeout = 1200,
    memory_limit: options.MemoryLimit = 16,
    force: options.Force = False,
    dry_run: options.DryRun = False,
) -> None:
    """Score indexes on real vectors: recall against exact search, queries a second, build time, bytes, over a sweep.

    Each index is built in a process of its own. Exact search always takes part, to be held against. In a filtered or
    changing gallery those indexes take part that can, with a few settings each.
    """
    from benchmarks.cli.measuring import conclude, measuring, settings_of
    from benchmarks.experiments.indexes.rounds import Budget
    from benchmarks.experiments.indexes.session import Asked
    from benchmarks.experiments.indexes.vectors import parse_source
    from benchmarks.experiments.rows import IndexStore
    from benchmarks.system.terminal import Console

    console = Console()
    default = DEFAULT_VECTORS if gallery is Gallery.WHOLE else DEFAULT_VECTORS[:1]
    asked = Asked(
        sources=tuple(parse_source(text, jittered) for text in dict.fromkeys(vectors or default)),
        families=tuple(dict.fromkeys(index or ())),
        budget=Budget(rounds, seconds),
        batch=batch,
    )
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
    store = IndexStore(out, gallery)
    with measuring(console, settings, out, lambda _: store) as frame:
        records, write = _measured(gallery, asked, frame, store)
    rows: list[Mapping[str, object]] = []
    for record in records:
        rows += cast(Sequence[Mapping[str, object]], record.get("rows")) or [record]
    conclude(console, rows, frame, [] if dry_run else write(frame.store, out))


def _measured(
    gallery: Gallery, asked: "Asked", frame: "Frame", store: "IndexStore"
) -> "tuple[Sequence[Mapping[str, object]], Callable[[Store, Path], list[Path]]]":
    """The records of one kind of gallery, and what writes its page."""
    from benchmarks.experiments.indexes.changing import ChangingGallery
    from benchmarks.experiments.indexes.filtered import FilteredGallery
    from benchmarks.experiments.indexes.session import measure
    from benchmarks.experiments.indexes.whole import WholeGallery
    from benchmarks.reporting.tables.indexes.changing import write_changing
    from benchmarks.reporting.tables.indexes.filtered import write_filtered
    from benchmarks.reporting.tables.indexes.report import write_indexes

    if gallery is Gallery.FILTERED:
        return measure(asked, frame, store, FilteredGallery), write_filtered
    if gallery is Gallery.CHANGING:
        return measure(asked, frame, store, ChangingGallery), write_changing
    return measure(asked, frame, store, WholeGallery), write_indexes
