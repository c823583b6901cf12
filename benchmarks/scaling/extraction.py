"""Looking at images once for all sizes, inside its own process: what an image costs, and its embedding, stored."""

import time
from functools import partial
from typing import Any

from benchmarks import timing
from benchmarks.embeddings import EmbeddingStore
from benchmarks.memory import StagePeaks
from benchmarks.scaling.galleries import read_pool
from benchmarks.scaling.point import PointJob
from benchmarks.scaling.search_cost import TIMING
from benchmarks.worker import Job, contained, open_cell
from methods.building import build_encoder
from methods.vector_method import embed_in_batches


def run_extraction(job: PointJob) -> None:
    """Entry point of the child process; `job.size` gallery images are embedded, and the queries."""
    contained(job, partial(_measure, size=job.size))


def _measure(job: Job, size: int) -> dict[str, Any]:
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
