"""usearch's navigable small-world graph, whose rows may be kept in fewer bits."""

import importlib.util
import os
from typing import Any, Literal

import numpy as np

from datasets.errors import BenchmarkError
from methods.indexes.faiss_rows import FloatMetric, unit_rows

Precision = Literal["f32", "f16", "i8"]


class UsearchHnswIndex:
    """HNSW as in FaissHnswIndex, over rows of 32-bit, 16-bit or (cosine alone) 8-bit numbers.

    Threads link rows in any order: `repeatable` builds on one thread. A search takes as many threads as OMP_NUM_THREADS
    says, or one a core. `ef_search` may be set between searches. Raises BenchmarkError where usearch is not installed.

    Rows may come and go. usearch's Python interface takes no filter: a search among some rows asks for more and drops
    the others, see `search_among`.
    """

    def __init__(
        self,
        metric: FloatMetric = "l2",
        links: int = 16,
        ef_construction: int = 100,
        ef_search: int = 64,
        precision: Precision = "f32",
        repeatable: bool = True,
    ) -> None:
        if importlib.util.find_spec("usearch") is None:
            raise BenchmarkError(
                "UsearchHnswIndex needs usearch, which is not installed: "
                "pip install 'reverse-image-search-benchmark[vectors]'"
            )
        if metric not in ("l2", "cosine"):
            raise ValueError(f"UsearchHnswIndex has no metric {metric!r}; use 'l2' or 'cosine'")
        if precision == "i8" and metric != "cosine":
            raise ValueError("usearch keeps 8-bit numbers for the cosine alone; use precision 'f16' or 'f32' for 'l2'")
        self.metric = metric
        self.links = links
        self.ef_construction = ef_construction
        self.ef_search = ef_search
        self.precision = precision
        self.repeatable = repeatable
        self._index: Any = None

    def add(self, vectors: np.ndarray) -> None:
        """Build over gallery vectors (n, d)."""
        if not len(vectors):
            return
        from usearch.index import Index

        # Rows at unit length need the inner product alone; 8-bit ones lose that length in rounding.
        metrics = {"l2": "l2sq", "cosine": "cos" if self.precision == "i8" else "ip"}
        index = Index(
            ndim=vectors.shape[1],
            metric=metrics[self.metric],
            dtype=self.precision,
            connectivity=self.links,
            expansion_add=self.ef_construction,
        )
        self._index = index
        self.insert(np.arange(len(vectors)), vectors)

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Link vectors (m, d) into the graph under ids (m,) int64."""
        if self._index is None:
            raise BenchmarkError("UsearchHnswIndex has no graph before `add` was given rows; add some first")
        threads = 1 if self.repeatable else _threads()
        self._index.add(np.asarray(ids, dtype=np.uint64), self._prepared(vectors), threads=threads)

    def remove(self, ids: np.ndarray) -> None:
        """Mark the rows under ids (m,) int64 as removed; usearch puts later ones in their places."""
        self._index.remove(np.asarray(ids, dtype=np.uint64))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows found for each query (q, d): ids (q, k) int32, scores (q, k) float32, tail -1 and -inf."""
        k = min(k, len(self._index)) if self._index is not None else 0
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        if not k or not len(vectors):
            return ids, scores
        self._index.expansion_search = max(self.ef_search, k)
        found = self._index.search(self._prepared(vectors), k, threads=_threads() if len(vectors) > 1 else 1)
        keys, distances = np.atleast_2d(found.keys), np.atleast_2d(found.distances)
        counts = np.asarray(getattr(found, "counts", len(found)))  # a single query's answer has but its length
        filled = np.arange(keys.shape[1]) < counts.reshape(-1, 1)
        values = 1 - distances if self.metric == "cosine" else -np.sqrt(np.maximum(distances, 0))
        ids[:, : keys.shape[1]] = np.where(filled, keys.astype(np.int32), -1)
        scores[:, : keys.shape[1]] = np.where(filled, values, -np.inf)
        return ids, scores

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the rows that are `allowed` (n,) bool; tail -1 and -inf.

        As many are asked for as hold k allowed ones on average, and twice as many again for queries that got fewer,
        until they have k or all rows were asked for: narrow filters are slow, and never poor.
        """
        size = len(self._index) if self._index is not None else 0
        k, permitted = min(k, size), int(np.count_nonzero(allowed))
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        wanted = min(k, permitted)
        waiting = np.arange(len(vectors) if wanted else 0)
        asked = -(-wanted * size // max(1, permitted))
        while len(waiting):
            found, values = self.search(vectors[waiting], asked)
            kept = (found >= 0) & allowed[found]
            first = np.argsort(~kept, axis=1, kind="stable")[:, :wanted]
            kept = np.take_along_axis(kept, first, axis=1)
            ids[waiting, :wanted] = np.where(kept, np.take_along_axis(found, first, axis=1), -1)
            scores[waiting, :wanted] = np.where(kept, np.take_along_axis(values, first, axis=1), -np.inf)
            waiting = waiting[~kept.all(axis=1)] if asked < size else waiting[:0]
            asked = min(2 * asked, size)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the index as usearch writes it; in memory it reserves up to twice as many."""
        return int(self._index.serialized_length) if self._index is not None else 0

    def _prepared(self, vectors: np.ndarray) -> np.ndarray:
        if self.metric == "cosine":
            return unit_rows(vectors)
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _threads() -> int:
    """What other libraries of this process read at their start; 0 is one a core."""
    return int(os.environ.get("OMP_NUM_THREADS", 0))
