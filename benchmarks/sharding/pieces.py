"""What the processes of a sharded cell do: extract a shard, search a shard, or do it all alone for comparison."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.sharding.blocks import Block
from benchmarks.sharding.rows import BlockRows
from benchmarks.sharding.search import search_blocks
from benchmarks.worker import Job, contained, open_cell
from methods.indexes.sharded import Found

if TYPE_CHECKING:
    from benchmarks.tasks.context import CellContext
    from methods.contracts import Index

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
    """Search these blocks of the gallery for all queries."""

    folder: Path
    gallery: tuple[Block, ...]
    queries: tuple[Block, ...]
    k: int


def run_extract(job: Job, piece: Extract) -> None:
    """Entry point of a process that extracts a shard."""
    contained(job, partial(_extract, piece=piece))


def run_search(job: Job, piece: Search) -> None:
    """Entry point of a process that searches a shard."""
    contained(job, partial(_search, piece=piece))


def run_whole(job: Job, piece: Search) -> None:
    """Entry point of a process that does all blocks by itself, and asks one index over the whole gallery as well."""
    contained(job, partial(_whole, piece=piece))


def read_found(path: Path) -> Found:
    """What a search left behind."""
    with np.load(path, allow_pickle=False) as stored:
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
    context, _ = open_cell(job)
    rows = BlockRows(piece.folder)
    queries = rows.all("query", piece.queries)
    start = time.perf_counter()
    gallery = ((block, rows.block("gallery", block)) for block in piece.gallery)
    _save(job.workdir / FOUND, search_blocks(gallery, queries, piece.k, partial(_index, context)))
    return {"seconds": time.perf_counter() - start}


def _whole(job: Job, piece: Search) -> dict[str, object]:
    extracted = _extract(job, Extract(piece.folder, piece.gallery, piece.queries))
    searched = _search(job, piece)
    context, _ = open_cell(job)
    rows = BlockRows(piece.folder)
    gallery = rows.all("gallery", piece.gallery)
    found = search_blocks(
        [(Block(0, 0, len(gallery)), gallery)], rows.all("query", piece.queries), piece.k, partial(_index, context)
    )
    _save(job.workdir / OWN, found)
    return {"extract": extracted, "search": searched}


def _index(context: "CellContext") -> "Index":
    from methods.building import resolve

    part = context.spec.index
    if part is None:
        raise ValueError(f"{context.spec.id} has no index")
    return resolve(part)(**part.params)


def _save(path: Path, found: Found) -> None:
    np.savez(path, ids=found[0], scores=found[1])
