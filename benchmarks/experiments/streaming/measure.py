"""Inside a process of its own: embed a gallery onto disk, search it there, and see what that costs."""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.execution import timing
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.experiments.scaling.galleries import has_row, read_pool
from benchmarks.experiments.streaming.plan import build_index, repeated
from benchmarks.experiments.streaming.shards import ShardFolder, extract
from benchmarks.protocol import SEARCH_DEPTH
from benchmarks.rows.experiments import CheckedFigures, StreamFigures
from benchmarks.system.memory import StagePeaks
from datasets.errors import DataError
from datasets.imageset import ImageSet
from methods.building import build_encoder
from methods.contracts import Encoder
from methods.indexes.sharded import ShardedIndex
from methods.vector_method import embed_in_batches

SEARCH_SECONDS = 20.0
"""What timing single queries may take, and again batches."""

MIN_SEARCHES = 5


@dataclass(frozen=True, kw_only=True)
class StreamJob(Job):
    """A Job over a gallery of `size` images in shards of `rows`, which lie in `embeddings`."""

    size: int
    rows: int


def run_stream(job: StreamJob) -> None:
    """Entry point of the child process that embeds and searches."""
    contained(job, partial(_stream, size=job.size, rows=job.rows))


def run_check(job: StreamJob) -> None:
    """Entry point of the child process that searches the same shards in memory, all at once, and compares."""
    contained(job, partial(_check, size=job.size, rows=job.rows))


def _stream(job: Job, size: int, rows: int) -> StreamFigures:
    context, dataset = open_cell(job)
    pool = read_pool(job.manifest, dataset)
    peaks = StagePeaks()
    with peaks.stage("load"):
        encoder = build_encoder(context.spec, context.surroundings)
        gallery = repeated(pool.gallery, size)
        queries = _embedded(encoder, pool.queries)
    shards = ShardFolder(job.embeddings, size, rows)
    with peaks.stage("extract"):
        extraction = extract(encoder, gallery, shards)
    index = ShardedIndex(build_index(context.spec).metric)
    with peaks.stage("index"):
        start = time.perf_counter()
        index.add(shards)
        index_seconds = time.perf_counter() - start
    with peaks.stage("query"):
        single = _single_searches(index, queries)
        batch = timing.seconds_per_image(lambda: index.search(queries, SEARCH_DEPTH), len(queries), SEARCH_SECONDS)
    return {
        "originals": len(pool.gallery),
        "shards": len(shards),
        "row_bytes": int(queries[:1].nbytes),
        "extraction": {
            "found": extraction.found,
            "made": extraction.made,
            "images": extraction.images,
            "seconds": extraction.seconds,
        },
        "index_s": index_seconds,
        "search_s": single,
        "batch": len(queries),
        "batch_s": batch.tolist(),
        "index_bytes": index.nbytes,
        "memory": {"baseline": peaks.baseline, "peak": peaks.highest, "stages": peaks.stages},
    }


def _check(job: Job, size: int, rows: int) -> CheckedFigures:
    context, dataset = open_cell(job)
    queries = _embedded(build_encoder(context.spec, context.surroundings), read_pool(job.manifest, dataset).queries)
    shards = ShardFolder(job.embeddings, size, rows)
    exact = build_index(context.spec)
    streamed = ShardedIndex(exact.metric)
    streamed.add(shards)
    ids, scores = streamed.search(queries, SEARCH_DEPTH)
    whole = np.concatenate(list(shards))
    found = np.flatnonzero(has_row(whole))
    exact.add(whole[found])
    true_ids, true_scores = exact.search(queries, SEARCH_DEPTH)
    return {
        "queries": len(queries),
        "equal": int((ids == found[true_ids]).all(axis=1).sum()),
        "largest_score_difference": float(np.abs(scores - true_scores).max()),
    }


def _embedded(encoder: Encoder, images: ImageSet) -> np.ndarray:
    rows = embed_in_batches(encoder, images)
    rows = rows[has_row(rows)]
    if not len(rows):
        raise DataError("no query has an embedding (no face is found in any): there is nothing to search for")
    return rows


def _single_searches(index: ShardedIndex, queries: np.ndarray) -> list[float]:
    """Seconds of searches one query at a time: each once, as far as the time allows, after one that is not counted."""
    index.search(queries[:1], SEARCH_DEPTH)
    seconds: list[float] = []
    deadline = time.perf_counter() + SEARCH_SECONDS
    while len(seconds) < MIN_SEARCHES or (len(seconds) < len(queries) and time.perf_counter() < deadline):
        query = len(seconds) % len(queries)
        start = time.perf_counter()
        index.search(queries[query : query + 1], SEARCH_DEPTH)
        seconds.append(time.perf_counter() - start)
    return seconds
