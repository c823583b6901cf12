"""Exact search: every query against every gallery row, as matrix products."""

from typing import Literal

import numpy as np

from methods.indexes.equal_rows import equal_rows
from methods.indexes.one_query import RowProducts
from methods.indexes.topk import top_k
from methods.memory import let_go

CHUNK = 1 << 24
"""Numbers in the largest temporary (64 MiB of float32)."""

BLOCK = 1 << 21
"""Numbers of the gallery that are made ready at a time (8 MiB of float32)."""

CLOSE = 1e-2
"""Squared distance below this share of the squared norms is recomputed from differences.

The expansion |a|^2 + |b|^2 - 2ab loses digits there; above it, a float32 product keeps about four of them.
"""


class ExactIndex:
    """Brute-force nearest neighbours in float32 under "l2" (scores: minus the distance) or "cosine"."""

    def __init__(self, metric: Literal["l2", "cosine"] = "l2") -> None:
        if metric not in ("l2", "cosine"):
            raise ValueError(f"ExactIndex has no metric {metric!r}; use 'l2' or 'cosine' (HammingIndex for bits)")
        self.metric = metric
        self._centre = np.empty(0, dtype=np.float32)
        self._keep(np.empty((0, 0), dtype=np.float32))

    def add(self, vectors: np.ndarray) -> None:
        """Keep gallery vectors (n, d) as float32: at unit length for cosine, about their mean for L2.

        Moving the origin into the cloud changes no distance and spares the products most of the cancellation.
        """
        if self.metric == "l2" and len(vectors):
            self._centre = vectors.mean(axis=0, dtype=np.float32)
        let_go(vectors)
        prepared = np.empty(vectors.shape, dtype=np.float32)
        step = max(1, BLOCK // max(1, vectors.shape[1]))
        for start in range(0, len(vectors), step):  # in blocks: a second copy of all would be as large as the index
            prepared[start : start + step] = self._prepared(vectors[start : start + step])
            let_go(vectors)
        self._keep(prepared)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        k = min(k, len(self._vectors))
        if k == 0 or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        step = max(1, CHUNK // max(self._vectors.shape))
        if len(vectors) <= step:
            return self._best(vectors, k)
        ids = np.empty((len(vectors), k), dtype=np.int32)
        scores = np.empty((len(vectors), k), dtype=np.float32)
        for start in range(0, len(vectors), step):
            rows = slice(start, start + step)
            ids[rows], scores[rows] = self._best(vectors[rows], k)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, their norms and their mean."""
        return self._vectors.nbytes + self._norms.nbytes + self._centre.nbytes

    def _best(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        ids, scores = top_k(self._scores(self._prepared(vectors)), k)
        return ids, -np.sqrt(-scores) if self.metric == "l2" else scores

    def _keep(self, prepared: np.ndarray) -> None:
        self._vectors = prepared
        self._norms = _squared_norms(prepared)
        self._largest_norm = self._norms.max(initial=0)
        self._one_query = RowProducts(prepared)
        self._later, self._first = equal_rows(prepared)

    def _prepared(self, vectors: np.ndarray) -> np.ndarray:
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if self.metric == "cosine":
            norms = np.linalg.norm(vectors, axis=1, keepdims=True)
            return vectors / np.maximum(norms, np.finfo(np.float32).tiny)
        return vectors - self._centre if len(vectors) else vectors

    def _scores(self, queries: np.ndarray) -> np.ndarray:
        """Dense scores (q, n) of prepared queries: cosines, or minus the squared distances; the same of equal rows."""
        scores = self._products(queries) if self.metric == "cosine" else self._squared(queries)
        if len(self._later):
            scores[:, self._later] = scores[:, self._first]
        return scores

    def _squared(self, queries: np.ndarray) -> np.ndarray:
        scores = self._products(2 * queries)  # doubling is exact, and cheaper here than in the products
        norms = _squared_norms(queries)
        scores -= self._norms
        scores -= norms[:, None]
        self._recompute_close(scores, queries, norms)
        return scores

    def _products(self, queries: np.ndarray) -> np.ndarray:
        return queries @ self._vectors.T if len(queries) > 1 else self._one_query(queries[0])[None]

    def _recompute_close(self, scores: np.ndarray, queries: np.ndarray, norms: np.ndarray) -> None:
        perhaps = np.flatnonzero(scores > -CLOSE * (norms + self._largest_norm)[:, None])
        if not len(perhaps):
            return
        rows, columns = np.divmod(perhaps, scores.shape[1])
        close = scores[rows, columns] > -CLOSE * (norms[rows] + self._norms[columns])
        rows, columns = rows[close], columns[close]
        step = max(1, CHUNK // queries.shape[1])
        for start in range(0, len(rows), step):
            row, column = rows[start : start + step], columns[start : start + step]
            scores[row, column] = -_squared_norms(queries[row] - self._vectors[column])


def _squared_norms(vectors: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", vectors, vectors)
