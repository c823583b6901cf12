"""What the processes of a sharded cell do: extract a shard, search a shard, or all of it alone, for comparison."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.execution.worker import Job, contained, open_cell, set_threads
from benchmarks.experiments.sharding.blocks import Block
from benchmarks.experiments.sharding.rows import BlockRows
from benchmarks.experiments.sharding.search import Asked, has_row, search_blocks
from datasets.array_files import opened_arrays
from methods.distances import Metric
from methods.indexes.sharded import Found

FOUND = "found.npz"
OWN = "own.npz"


@dataclass(frozen=True)
class Extract:
    """Encode these blocks."""

    folder: Path
    gallery: tuple[Block, ...]
    queries: tuple[Block, ...]


@dataclass(frozen=True)
class Search:
    """Search a shard of the gallery for all queries."""

    folder: Path
    shard: tuple[Block, ...]
    gallery: tuple[Block, ...]
    """All its blocks, of whose rows the centre is computed."""
    queries: tuple[Block, ...]
    k: int
    metric: Metric

    def asked(self) -> Asked:
        """What is asked of every block; reads what was extracted."""
        rows = BlockRows(self.folder)
        return Asked(rows.all("query", self.queries), self.k, self.metric, rows.centre(self.gallery))


def run_extract(job: Job, piece: Extract) -> None:
    """Entry point of a process that extracts a shard."""
    contained(job, partial(_extract, piece=piece))


def run_search(job: Job, piece: Search) -> None:
    """Entry point of a process that searches a shard."""
    contained(job, partial(_search, piece=piece))


def run_whole(job: Job, piece: Search) -> None:
    """Entry point of a process that extracts and searches all by itself, and asks the method's own index as well."""
    contained(job, partial(_whole, piece=piece))


def read_found(path: Path) -> Found:
    """What a search left behind."""
    with opened_arrays(path) as stored:
        return stored["ids"], stored["scores"]


def _extract(job: Job, piece: Extract) -> dict[str, object]:
    from datasets.manifest import Manifest
    from methods.building import build_encoder

    context, dataset = open_cell(job)
    manifest = Manifest.from_json(job.manifest.read_text(encoding="utf-8"), dataset)
    encoder = build_encoder(context.spec, context.surroundings)
    rows = BlockRows(piece.folder)
    start = time.perf_counter()
    encoded = rows.extract(encoder, manifest.queries, "query", piece.queries)
    encoded += rows.extract(encoder, manifest.gallery, "gallery", piece.gallery)
    return {"encoded_blocks": encoded, "seconds": time.perf_counter() - start}


def _search(job: Job, piece: Search) -> dict[str, object]:
    set_threads(job.threads)
    rows = BlockRows(piece.folder)
    start = time.perf_counter()
    shard = ((block, rows.block("gallery", block)) for block in piece.shard)
    ids, scores = search_blocks(shard, piece.asked())
    np.savez(job.workdir / FOUND, ids=ids, scores=scores)
    return {"seconds": time.perf_counter() - start}


def _whole(job: Job, piece: Search) -> dict[str, object]:
    extracted = _extract(job, Extract(piece.folder, piece.gallery, piece.queries))
    searched = _search(job, piece)
    _ask_own_index(job, piece)
    return {"extract": extracted, "search": searched}


def _ask_own_index(job: Job, piece: Search) -> None:
    """Leave what the method's index, over the whole gallery at once, finds for the queries that have a row."""
    from methods.building import resolve

    context, _ = open_cell(job)
    rows = BlockRows(piece.folder)
    gallery, queries = rows.all("gallery", piece.gallery), rows.all("query", piece.queries)
    positions = np.flatnonzero(has_row(gallery)).astype(np.int32)
    part = context.spec.index
    if part is None:
        raise ValueError(f"{context.spec.id} has no index")
    index = resolve(part)(**part.params)
    index.add(gallery[positions])
    ids, scores = index.search(queries[has_row(queries)], piece.k)
    np.savez(job.workdir / OWN, ids=positions[ids], scores=scores)
