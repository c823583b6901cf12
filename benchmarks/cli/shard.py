"""`shard`: one cell over several workers, and whether the answer is that of one process."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli import options
from datasets.words import count_of

if TYPE_CHECKING:
    from benchmarks.sharding.agreement import Agreement


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
) -> None:
    """Extract and search a gallery in shards on several workers; compare with one process, bit for bit.

    Ends with 1 where ids, scores or ties differ.
    """
    from dataclasses import replace

    from benchmarks.additions import load_plugins
    from benchmarks.backends.planned import Limits
    from benchmarks.backends.registry import make_backend
    from benchmarks.cli.asking import key_values, make_request
    from benchmarks.plan import make_plan
    from benchmarks.provenance import usable_cores
    from benchmarks.sharding.agreement import agreement
    from benchmarks.sharding.session import Session
    from benchmarks.store import Store
    from benchmarks.terminal import Console

    console = Console(soft_wrap=True, highlight=False, markup=False)
    registry = load_plugins(plugins or ())
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
    )
    store = Store(out)
    store.require_writable()
    (planned,) = make_plan(replace(request, methods=(method,)), registry, store).cells
    session = Session(planned, request, store, Limits(), block)
    images = session.gallery[-1].stop
    k = min(depth or images, images)
    engine = make_backend(backend, store.cache / "jobs", scheduler, workers, key_values("--slurm", slurm))
    done = session.sharded(engine, shards, k, usable_cores() if backend == "local" else 2 * shards)
    console.print(
        f"{planned.cell.title}: {count_of(images, 'image')} in {count_of(len(session.gallery), 'block')} and "
        f"{count_of(shards, 'shard')} on {backend}, {count_of(session.queries[-1].stop, 'query', 'queries')}, {k} "
        f"deep; extracted in {done.extract_seconds:.1f} s "
        f"({count_of(done.encoded_blocks, 'block')} encoded now), searched and merged in {done.search_seconds:.1f} s"
    )
    if not check:
        return
    whole = session.whole(k)
    same = agreement(whole.ranking, done.ranking)
    console.print(f"one process, every image anew: {whole.seconds:.1f} s")
    console.print(f"shards against one process: {_words(same)}")
    console.print(f"against one index over the whole gallery: {_distance(agreement(whole.own, done.ranking))}")
    if not same.equal:
        raise typer.Exit(1)


def _words(same: "Agreement") -> str:
    said = {True: "equal", False: "NOT EQUAL"}
    return (
        f"ids {said[same.ids_equal]}, scores {said[same.scores_equal]} bit for bit, "
        f"ties {said[same.ties_equal]} ({same.ties} neighbours tie)"
    )


def _distance(same: "Agreement") -> str:
    return (
        f"{same.same_ids:.3%} of places hold the same image, scores differ by {same.largest_difference:.2g} at most "
        "(a float32 product of another shape rounds otherwise)"
    )
