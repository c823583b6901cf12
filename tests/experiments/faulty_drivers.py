"""Each experiment over faulty methods, as its command runs it: rows by deed."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.core.store import Store
from benchmarks.execution.launch import prepare
from benchmarks.experiments.candidates import Settings
from benchmarks.experiments.frame import Frame
from methods.registry import load_registry

PLUGIN = Path(__file__).parents[1] / "plugins" / "faulty.py"


def frame(out: Path, rows_of, **settings) -> Frame:
    store = Store(out)
    store.require_writable()
    prepare((), 1, out / "imports.log")
    chosen = Settings(plugins=(PLUGIN,), threads=1, **settings)
    return Frame(chosen, load_registry([PLUGIN]), store, rows_of(out), say=lambda line: None)


def engines(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.experiments.engines.kept import engine_rows
    from benchmarks.experiments.engines.session import Asked, measure

    names = [f"network-{deed}" for deed in deeds]
    asked = Asked(names, ("keras",), (f"folder:{photos}", "full"), batch=2, rounds=2, seconds=0.1)
    rows = measure(asked, frame(out, engine_rows, **settings))
    return dict(zip(deeds, rows, strict=True))


def scaling(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.experiments.rows import ScalingStore
    from benchmarks.experiments.scaling.session import Asked, measure

    asked = Asked([f"faulty-{deed}" for deed in deeds], [(f"folder:{photos}", "full")], [20])
    rows = measure(asked, frame(out, ScalingStore, **settings), ScalingStore(out))
    return dict(zip(deeds, rows, strict=True))


def stream(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.experiments.rows import StreamingStore
    from benchmarks.experiments.streaming.session import Asked, measure

    asked = Asked([f"faulty-{deed}" for deed in deeds], (f"folder:{photos}", "full"), 20, 10)
    rows = measure(asked, frame(out, StreamingStore, **settings), StreamingStore(out))
    return dict(zip(deeds, rows, strict=True))


def indexes(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.experiments.indexes.session import Asked, measure
    from benchmarks.experiments.indexes.vectors import Source
    from benchmarks.experiments.indexes.whole import WholeGallery
    from benchmarks.experiments.rows import IndexStore

    sources = [Source(f"faulty-{deed}", f"folder:{photos}", "full") for deed in deeds]
    rows = measure(Asked(sources), frame(out, IndexStore, **settings), IndexStore(out), WholeGallery)
    return dict(zip(deeds, rows, strict=True))


def latency(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.core.plan import Request, make_plan
    from benchmarks.experiments.latency.records import LatencyStore
    from benchmarks.experiments.latency.rounds import Budget
    from benchmarks.experiments.latency.session import Session, measure

    run = frame(out, LatencyStore, **settings)
    names = tuple(f"faulty-{deed}" for deed in deeds)
    request = Request(names, ((f"folder:{photos}", "smoke"),), ("retrieval",), plugins=(PLUGIN,))
    cells = make_plan(request, run.registry, run.store).cells
    budget = Budget(rounds=2, queries=3, seconds=0.01, batch_seconds=0.01, ready_seconds=run.settings.timeout)
    records = measure(cells, Session(request, run.store, budget, settings=run.settings))
    rows = [{"status": record.facts["status"], "reason": record.facts["error"]} for record in records]
    return dict(zip(deeds, rows, strict=True))


def shard(photos: Path, out: Path, deeds: Sequence[str], **settings):
    from benchmarks.core.plan import Request, make_plan
    from benchmarks.execution.backends.local import LocalBackend
    from benchmarks.experiments.rows import ShardingStore
    from benchmarks.experiments.sharding.measure import Asked, measure

    run = frame(out, ShardingStore, **settings)
    names = tuple(f"faulty-{deed}" for deed in deeds)
    request = Request(names, ((f"folder:{photos}", "smoke"),), ("retrieval",), plugins=(PLUGIN,))
    cells = make_plan(request, run.registry, run.store).cells
    asked = Asked(shards=2, block=5, depth=None, at_once=1, check=True)
    store = ShardingStore(out)
    rows = [measure(planned, request, asked, LocalBackend(), run, store) for planned in cells]
    return dict(zip(deeds, rows, strict=True))


DRIVERS = {each.__name__: each for each in (engines, scaling, stream, indexes, latency, shard)}
"""By command."""
