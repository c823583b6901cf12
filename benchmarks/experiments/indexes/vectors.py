"""The vectors that indexes are held to: what a method's index is given, as files that every index's process maps."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.experiments.scaling.galleries import grown, make_pool
from benchmarks.protocol import SEED
from benchmarks.rows.comparisons import MadeVectors
from datasets.errors import BenchmarkError, DataError
from datasets.manifest import Manifest
from datasets.registry import parse_dataset
from methods.building import build_method, resolve
from methods.distances import Metric
from methods.indexes.faiss_rows import unit_rows
from methods.onnx_methods import parted
from methods.spec import Part

QUERIES = 500
"""Images searched for, none of them in the gallery; a fifth of the images where there are few."""

GALLERY, ASKED = "gallery.npy", "queries.npy"


@dataclass(frozen=True)
class Source:
    """Whose vectors: a method on a data set's subset, and how many of them the gallery holds (None: as there are)."""

    method: str
    dataset: str
    subset: str
    size: int | None = None


def parse_source(text: str, size: int | None = None) -> Source:
    """The source named by "METHOD:DATASET" or "METHOD:DATASET:SUBSET" (full unless said).

    A method of the user's own network is named as everywhere: "onnx:FILE:DATASET:SUBSET".

    Raises BenchmarkError where it names no data set, UnknownNameError where there is no such data set or subset.
    """
    method, rest = parted(text)
    if not method or not rest:
        raise BenchmarkError(f"--vectors {text!r} names no data set; write METHOD:DATASET:SUBSET, as phash:lfw:full")
    dataset, subset = parse_dataset(rest)
    return Source(method, dataset, subset or "full", size)


@dataclass(frozen=True, kw_only=True)
class VectorJob(Job):
    """A Job that leaves vectors in its working folder."""

    size: int | None


class Caught:
    """Stands where a method's index would, and keeps what that is given."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.given = np.empty((0, 0), dtype=np.float32)
        self.asked = self.given
        self.nbytes = 0

    def add(self, vectors: np.ndarray) -> None:
        """Keep the gallery's rows."""
        self.given = vectors

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Keep the queries' rows; nothing is found."""
        self.asked = vectors
        nothing = np.full((len(vectors), k), -1, dtype=np.int32)
        return nothing, np.full(nothing.shape, -np.inf, dtype=np.float32)


def run_vectors(job: VectorJob) -> None:
    """Entry point of the child process: `GALLERY` and `ASKED` in the job's folder, facts about them as its result."""
    contained(job, partial(_make, size=job.size))


def _make(job: Job, size: int | None) -> MadeVectors:
    context, dataset = open_cell(job)
    if context.spec.index is None:
        raise DataError(f"{context.spec.id} is no composition of an encoder and an index: it has no vectors")
    pool = make_pool(Manifest.from_json(job.manifest.read_text(encoding="utf-8"), dataset), QUERIES)
    metric = resolve(context.spec.index)(**context.spec.index.params).metric
    caught = Caught(metric)
    spec = replace(context.spec, index=Part(lambda: caught))
    method = build_method(spec, context.surroundings, EmbeddingStore(context.embeddings))
    method.fit(pool.gallery)
    method.index(pool.gallery)
    method.search(pool.queries, 1)
    if not len(caught.asked):
        raise DataError("no query has an embedding (no face is found in any): there is nothing to search for")
    gallery = grown(_comparable(caught.given, metric), size or len(caught.given), SEED)
    for name, rows in ((GALLERY, gallery), (ASKED, _comparable(caught.asked, metric))):
        np.save(job.workdir / name, rows)
    return {
        "metric": metric,
        "gallery": len(gallery),
        "real": min(len(gallery), len(caught.given)),
        "dimension": gallery.shape[1] * (8 if metric == "hamming" else 1),
        "queries": len(caught.asked),
        "bytes": gallery[:1].nbytes,
    }


def _comparable(rows: np.ndarray, metric: Metric) -> np.ndarray:
    """Rows as every index may be given them: for the cosine at unit length, where Euclidean indexes rank alike."""
    return unit_rows(rows) if metric == "cosine" else rows


def map_rows(folder: Path, name: str) -> np.ndarray:
    """Rows left in `folder`, mapped from the file; all pages are read once."""
    rows = np.asarray(np.load(folder / name, mmap_mode="r"))
    rows.reshape(-1).view(np.uint8)[::4096].sum()
    return rows
