"""Exact search: every query against every gallery row, as matrix products.

A single query of a large gallery is told first which rows may be among the nearest (`coarse_products`), and compared
with those alone: the answer is the same to the last bit.
"""

from typing import Literal

import numpy as np

from methods.indexes.coarse_products import ROUNDING, CoarseProducts, coarse_products
from methods.indexes.equal_rows import equal_rows
from methods.indexes.one_query import RowProducts
from methods.indexes.topk import GROUPS, reached_by, top_k
from methods.memory import let_go

CHUNK = 1 << 24
"""Numbers in the largest temporary (64 MiB of float32)."""

BLOCK = 1 << 21
"""Numbers of the gallery that are made ready at a time (8 MiB of float32)."""

CLOSE = 1e-2
"""Squared distance below this share of the squared norms is recomputed from differences.

The expansion |a|^2 + |b|^2 - 2ab loses digits there; above it, a float32 product keeps about four of them.
"""

FEW = 1 / 8
"""Share of the gallery up to which rows that may be among the nearest are compared one by one."""


class ExactIndex:
    """Brute-force nearest neighbours in float32 under "l2" (scores: minus the distance) or "cosine"."""

    def __init__(self, metric: Literal["l2", "cosine"] = "l2") -> None:
        if metric not in ("l2", "cosine"):
            raise ValueError(f"ExactIndex has no metric {metric!r}; use 'l2' or 'cosine' (HammingIndex for bits)")
        self.metric = metric
        self._centre = np.empty(0, dtype=np.float32)
        self._keep(np.empty((0, 0), dtype=np.float32))
        self._coarse: CoarseProducts | None = None

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
        self._coarse = coarse_products(prepared, -self._norms if self.metric == "l2" else None)

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

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the rows that are `allowed` (n,) bool: few are compared alone; tail -1 and -inf."""
        k, rows = min(k, len(self._vectors)), np.flatnonzero(allowed)
        ids = np.full((len(vectors), k), -1, dtype=np.int32)
        scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
        if not len(rows):
            return ids, scores
        few = len(rows) <= FEW * len(self._vectors)
        step = max(1, CHUNK // max(self._vectors.shape))
        for start in range(0, len(vectors), step):
            queries = self._prepared(vectors[start : start + step])
            among = self._scores_with(queries, rows) if few else self._scores(queries)[:, rows]
            found, best = top_k(among, k)
            some = (slice(start, start + step), slice(found.shape[1]))
            ids[some] = np.where(found >= 0, rows[found], -1)
            scores[some] = -np.sqrt(-best) if self.metric == "l2" else best
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, of their coarse copy, of their norms and their mean."""
        coarse = self._coarse.nbytes if self._coarse else 0
        return self._vectors.nbytes + coarse + self._norms.nbytes + self._centre.nbytes

    def _best(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        queries = self._prepared(vectors)
        rows = self._candidates(queries[0], k) if len(queries) == 1 else None
        if rows is None:
            ids, scores = top_k(self._scores(queries), k)
        else:
            among = self._scores_with(queries, rows)[0]
            order = np.argsort(-among, kind="stable")[:k]
            ids, scores = rows[order].astype(np.int32)[None], among[order][None]
        return ids, -np.sqrt(-scores) if self.metric == "l2" else scores

    def _candidates(self, query: np.ndarray, k: int) -> np.ndarray | None:
        """The rows (m,), lowest first, that may be among the k nearest of `query` (d,); None where they are not few."""
        if self._coarse is None or 4 * k > min(GROUPS, len(self._vectors)):
            return None
        scores, error = self._coarse(self._multiplied(query))
        if self.metric == "l2":
            error += ROUNDING * float(query @ query + self._largest_norm)
        rows = np.flatnonzero(scores >= reached_by(scores, k) - np.float32(2 * error))
        return rows if k <= len(rows) <= FEW * len(scores) else None  # none at all: NaN compares with nothing

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
        products = self._products(self._multiplied(queries))
        scores = self._compared(queries, products, self._vectors, self._norms)
        if len(self._later):
            scores[:, self._later] = scores[:, self._first]
        return scores

    def _scores_with(self, queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Scores (q, m) of prepared queries (q, d) with these rows (m,): the columns that `_scores` has for them."""
        if len(self._later):
            place = np.minimum(np.searchsorted(self._later, rows), len(self._later) - 1)
            rows = np.where(self._later[place] == rows, self._first[place], rows)
        vectors = self._vectors[rows]
        products = np.vecdot(vectors, self._multiplied(queries)[:, None])
        return self._compared(queries, products, vectors, self._norms[rows])

    def _multiplied(self, queries: np.ndarray) -> np.ndarray:
        """What rows are multiplied by: under L2 twice the queries, which is cheaper than twice the products."""
        return 2 * queries if self.metric == "l2" else queries

    def _compared(self, queries: np.ndarray, products: np.ndarray, rows: np.ndarray, norms: np.ndarray) -> np.ndarray:
        """Scores (q, n) of prepared queries with these rows (n, d), made of `products` (q, n) in their place."""
        if self.metric == "cosine":
            return products
        own, scores = _squared_norms(queries), products
        scores -= norms
        scores -= own[:, None]
        self._recompute_close(scores, queries, own, rows, norms)
        return scores

    def _products(self, queries: np.ndarray) -> np.ndarray:
        return queries @ self._vectors.T if len(queries) > 1 else self._one_query(queries[0])[None]

    def _recompute_close(
        self, scores: np.ndarray, queries: np.ndarray, own: np.ndarray, rows: np.ndarray, norms: np.ndarray
    ) -> None:
        perhaps = np.flatnonzero(scores > -CLOSE * (own + self._largest_norm)[:, None])
        if not len(perhaps):
            return
        query, row = np.divmod(perhaps, scores.shape[1])
        close = scores[query, row] > -CLOSE * (own[query] + norms[row])
        query, row = query[close], row[close]
        step = max(1, CHUNK // queries.shape[1])
        for start in range(0, len(query), step):
            of, to = query[start : start + step], row[start : start + step]
            scores[of, to] = -_squared_norms(queries[of] - rows[to])


def _squared_norms(vectors: np.ndarray) -> np.ndarray:
    return np.einsum("nd,nd->n", vectors, vectors)
