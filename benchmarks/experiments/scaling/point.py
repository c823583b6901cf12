"""Inside a process of its own: build an index over a gallery of one size, then time searches in it.

Before the points of an encoder, images are looked at once for all sizes: what an image costs, and its embedding,
stored.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.tasking.context import CellContext
from benchmarks.execution import timing
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.experiments.scaling.galleries import Pool, grown, has_row, read_pool
from benchmarks.experiments.scaling.search_cost import TIMING, batched_searches, clocked, single_searches
from benchmarks.protocol import SEED
from benchmarks.rows.cell import Memory
from benchmarks.rows.experiments import Extracted, PointFigures, SearchFigures
from benchmarks.system.memory import StagePeaks
from datasets.errors import DataError
from datasets.imageset import Image, ImageSet
from methods.building import build_encoder, build_method
from methods.contracts import Method
from methods.spec import Part
from methods.vector_method import VectorMethod, embed_in_batches

BUILDS, BUILD_SECONDS = 5, 3.0
"""An index over embeddings is built so many times, unless that many seconds are spent before."""


@dataclass(frozen=True, kw_only=True)
class PointJob(Job):
    """A Job at one gallery size."""

    size: int


class NoEncoder:
    """Stands where the encoder would: rows are stored already, and beside a network nothing else could be seen."""

    batch_size = 1

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Raises DataError: whatever gets here has no stored row."""
        raise DataError("an embedding that was stored is gone; run again with --force")


def run_extraction(job: PointJob) -> None:
    """Entry point of the child process; `job.size` gallery images are embedded, and the queries."""
    contained(job, partial(_extract, size=job.size))


def _extract(job: Job, size: int) -> Extracted:
    context, dataset = open_cell(job)
    pool = read_pool(job.manifest, dataset)
    images = pool.gallery[:size]
    peaks = StagePeaks()
    with peaks.stage("load"):
        start = time.perf_counter()
        encoder = build_encoder(context.spec, context.surroundings)
        row = embed_in_batches(encoder, pool.queries[:1])
        load_seconds = time.perf_counter() - start
    sample = timing.in_memory(images[: TIMING.gallery_sample])
    with peaks.stage("extract"):
        seconds = timing.seconds_per_image(lambda: embed_in_batches(encoder, sample), len(sample), TIMING.seconds)
    store = EmbeddingStore(context.embeddings)
    store(encoder, images)
    store(encoder, pool.queries)
    return {
        "images": len(images),
        "computed": store.computed,
        "load_s": load_seconds,
        "extraction_s": seconds.tolist(),
        "embedding_bytes_per_image": row.nbytes,
        "memory": {"baseline": peaks.baseline, "peak": peaks.highest, "stages": peaks.stages},
    }


def run_point(job: PointJob) -> None:
    """Entry point of the child process."""
    contained(job, partial(_measure, size=job.size))


def _measure(job: Job, size: int) -> PointFigures:
    context, dataset = open_cell(job)
    pool = read_pool(job.manifest, dataset)
    peaks = StagePeaks()
    cost = _over_rows if context.spec.encoder else _over_images
    figures = cost(context, pool, size, peaks)
    # Making rows up takes memory that no index takes: that stage is stored, but is no part of the peak.
    stages = [peak for name, peak in peaks.stages.items() if name != "rows" and peak is not None]
    memory: Memory = {"baseline": peaks.baseline, "peak": max(stages, default=None), "stages": peaks.stages}
    return {"real": min(size, len(pool.gallery)), "memory": memory, **figures}


def _over_rows(context: CellContext, pool: Pool, size: int, peaks: StagePeaks) -> PointFigures:
    """Encoder x transforms x index, over embeddings stored before and, beyond the data set, jittered ones."""
    with peaks.stage("rows"):
        store = EmbeddingStore(context.embeddings)
        rows = grown(store(NoEncoder(), pool.gallery[:size]), size, SEED)
        asked = store(NoEncoder(), pool.queries)
    queries = pool.queries.take(np.flatnonzero(has_row(asked)))
    if not len(queries):
        raise DataError("no query has an embedding (no face is found in any): there is nothing to search for")
    row_of = {item.id: row for item, row in zip(pool.queries.items, asked, strict=True)}
    spec = replace(context.spec, encoder=Part(NoEncoder))
    fit: list[float] = []
    index: list[float] = []
    deadline = time.perf_counter() + BUILD_SECONDS
    while not fit or (len(fit) < BUILDS and time.perf_counter() < deadline):
        method = build_method(spec, context.surroundings, lambda encoder, images: rows)
        with peaks.stage("fit"):
            fit.append(clocked(partial(method.fit, pool.gallery)).work)
        with peaks.stage("index"):
            index.append(clocked(partial(method.index, pool.gallery)).work)
    if isinstance(method, VectorMethod):
        method.embed = lambda encoder, images: np.stack([row_of[item.id] for item in images.items])
    return {**_searches(method, queries, peaks), "fit_s": fit, "index_s": index, "extraction_s": None}


def _over_images(context: CellContext, pool: Pool, size: int, peaks: StagePeaks) -> PointFigures:
    """A method that is more than vectors, over real images which it looks at itself."""
    gallery = pool.gallery[:size]
    with peaks.stage("load"):
        method = build_method(context.spec, context.surroundings)
    with peaks.stage("fit"):
        fit = clocked(partial(method.fit, gallery))
    with peaks.stage("index"):
        index = clocked(partial(method.index, gallery))
    extraction = (fit.extraction + index.extraction) / len(gallery)
    figures = _searches(method, timing.in_memory(pool.queries), peaks)
    return {**figures, "fit_s": [fit.work], "index_s": [index.work], "extraction_s": extraction}


def _searches(method: Method, queries: ImageSet, peaks: StagePeaks) -> SearchFigures:
    batch = queries.take(np.arange(TIMING.batch) % len(queries))
    with peaks.stage("query"):
        single, batched = single_searches(method, queries), batched_searches(method, batch)
    return {
        "search_s": single.tolist(),
        "batch": len(batch),
        "batch_s": batched.tolist(),
        "index_bytes": int(method.nbytes),
        "indexed": method.indexed if isinstance(method, VectorMethod) else None,
    }
