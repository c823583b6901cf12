"""Retrieval: rank the whole gallery for every query; then time single queries, batches and indexing."""

import time
from collections.abc import Mapping

import numpy as np

from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.core.judged.relevance import of_labels
from benchmarks.core.store import Store
from benchmarks.core.tasking.context import CellContext, afresh
from benchmarks.core.tasking.encoding import encode_apart
from benchmarks.core.tasking.ranking import LabelledRankingTask
from benchmarks.execution import timing
from benchmarks.execution.encoding_pass import encoding_seconds
from benchmarks.experiments.disturbance import Meter, undisturbed
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.reporting.tables.gains import gain_table
from benchmarks.reporting.tables.groups import Group
from benchmarks.reporting.tables.memory import memory_table
from benchmarks.reporting.tables.pages import Page
from benchmarks.reporting.tables.retrieval import RetrievalTables
from benchmarks.rows.cell import CellFigures, Counts, Noise
from benchmarks.system.memory import StagePeaks
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from methods.answers import check_bytes
from methods.contracts import Method
from methods.progress import report, watched
from methods.stages import StageClock
from methods.vector_method import VectorMethod, embed_in_batches

_ENCODING = ("decode", "detect", "encode")


class Retrieval(LabelledRankingTask):
    """What the benchmark is about: accuracy, latency and memory of one system come from one cell."""

    name = "retrieval"
    summary = "do the gallery images of the query's label come first? Timed"
    is_timed = True
    measured_by = ("methods.stages",)

    def run(self, context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
        """The cell's measurements; its ranking and latency samples are written to the working folder."""
        return _measure(context, manifest, store)

    def pages(self, store: Store, group: Group, beside: Mapping[str, Group]) -> list[Page]:
        """Accuracy, cost, stages, gains of ranking again; classification and memory on pages of their own."""
        tables = RetrievalTables(store, group)
        prefix = group.name.removesuffix(self.name)
        gains = gain_table(tables)
        shown = [tables.accuracy(), tables.cost(), tables.stages(), *([gains] if gains else [])]
        return [
            Page(group.name, group, shown, tables, tables.cost(), tables.findings),
            Page(f"{prefix}classification", group, [tables.classification()]),
            Page(f"{prefix}memory", group, [memory_table(group)]),
        ]


TASK = Retrieval()


def _measure(context: CellContext, manifest: Manifest, store: Store) -> CellFigures:
    """The cell's measurements; its ranking and latency samples are written to the working folder."""
    gallery, queries = manifest.gallery, manifest.queries
    timed_queries = timing.in_memory(queries[: context.timing.queries])
    encode_apart(context, gallery, queries)
    peaks = StagePeaks()
    with peaks.stage("load"):
        start = time.perf_counter()
        method = context.build(context.embed())
        load_seconds = time.perf_counter() - start
        first_call, embedding_bytes = _first_call(method, timed_queries)
    encode_samples = (
        encoding_seconds(context, method.encoder, gallery, peaks) if isinstance(method, VectorMethod) else np.zeros(1)
    )
    fit_seconds, index_seconds = _fit_and_index(method, gallery, peaks)
    gallery_samples = encode_samples + (fit_seconds + index_seconds) / len(gallery)
    index_peak = peaks.highest
    with peaks.stage("rank", is_own=False):
        undetected = _answered(context, method, manifest, store)
    afresh(method)
    report("timing queries", 0, 0)
    samples, batch_samples, noise = _timed(context, method, timed_queries, queries, peaks)
    context.save_arrays(
        "samples",
        total=samples.total,
        other=samples.other,
        batch=batch_samples,
        gallery=gallery_samples,
        **samples.stages,
    )
    return {
        "counts": _counts(method, gallery, queries, undetected),
        "latency": timing.percentiles(samples.total),
        "stages_ms": {name: float(s.mean() * 1e3) for name, s in {**samples.stages, "other": samples.other}.items()},
        "cold_start_ms": (load_seconds + (first_call if first_call is not None else samples.total[0])) * 1e3,
        "warm_up_calls": samples.warm_up,
        "noise": noise,
        "throughput": {
            "batch": context.timing.batch,
            "queries_per_s": float(1 / np.median(batch_samples)),
            "gallery_images_per_s": float(1 / np.median(gallery_samples)),
        },
        "fit_s": fit_seconds,
        "index_s": index_seconds,
        "memory": {
            "baseline": peaks.baseline,
            "index_peak": index_peak,
            "query_peak": peaks.stages["query"],
            "peak": peaks.highest,
            "stages": peaks.stages,
            "embedding_bytes_per_image": embedding_bytes,
        },
        "index_bytes": check_bytes(context.spec.id, method.nbytes),
    }


def _timed(
    context: CellContext, method: Method, singles: ImageSet, queries: ImageSet, peaks: StagePeaks
) -> tuple[timing.LatencySamples, np.ndarray, Noise]:
    """Samples of `singles`, asked one at a time; seconds a query of a batch of `queries`; what disturbed both."""
    batch = timing.in_memory(queries.take(np.arange(context.timing.batch) % len(queries)))

    def watched_pass(meter: Meter) -> tuple[timing.LatencySamples, np.ndarray]:
        with peaks.stage("query"):
            samples = timing.query_latency(method, singles, SEARCH_DEPTH, context.timing)
            meter.sample()
            return samples, timing.seconds_per_image(
                lambda: method.search(batch, SEARCH_DEPTH), len(batch), context.timing.seconds / 2
            )

    (samples, batches), noise = undisturbed(watched_pass, context.timing.patience)
    return samples, batches, noise


def _first_call(method: Method, queries: ImageSet) -> tuple[float | None, int | None]:
    """Seconds of a composed method's very first encoding, before anything has warmed it up, and bytes of its row."""
    if not isinstance(method, VectorMethod):
        return None, None
    start = time.perf_counter()
    rows = embed_in_batches(method.encoder, queries[:1])
    return time.perf_counter() - start, rows.nbytes


def _fit_and_index(method: Method, gallery: ImageSet, peaks: StagePeaks) -> tuple[float, float]:
    """Seconds of learning and of building the index; a composed method's encoding is measured apart, on a sample.

    What another cell has learned or extracted already counts with the seconds it took there, and learning with the
    memory it took there at its peak.
    """
    seconds = []
    for name, step, done in (("fit", method.fit, "images learned from"), ("index", method.index, "images indexed")):
        clock = StageClock()
        images = watched(gallery, done)
        with peaks.stage(name), clock.running():
            start = time.perf_counter()
            step(images)
            elapsed = time.perf_counter() - start
        peaks.spared(name, clock.spared_bytes)
        apart = _ENCODING if isinstance(method, VectorMethod) else ()
        seconds.append(elapsed + clock.spared - sum(clock.seconds.get(stage, 0.0) for stage in apart))
    return seconds[0], seconds[1]


def _answered(context: CellContext, method: Method, manifest: Manifest, store: Store) -> np.ndarray | None:
    """Accuracy's part: the answers stored; which queries had nothing to search for, None for an untrained network."""
    if not context.trained:
        return None
    truth = read_ground_truth(store.manifest_path(manifest.hash))
    return context.answer(method, manifest.queries, of_labels(truth), store)


def _counts(method: Method, gallery: ImageSet, queries: ImageSet, undetected: np.ndarray | None) -> Counts:
    indexed = method.indexed if isinstance(method, VectorMethod) and undetected is not None else len(gallery)
    return {
        "gallery": len(gallery),
        "queries": len(queries),
        "undetected_gallery": len(gallery) - indexed if undetected is not None else None,
        "undetected_queries": int(undetected.sum()) if undetected is not None else None,
    }
