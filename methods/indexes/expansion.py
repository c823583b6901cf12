"""Search again with what was found first: weighted query expansion, and the same done to the gallery beforehand."""

from typing import Literal

import numpy as np

from methods.indexes.exact import CHUNK
from methods.indexes.topk import top_k
from methods.stages import stage

ROUNDING = 1e-6
"""Cosines that differ by no more tie: the same product of a single query and of a batch is not rounded alike."""


class ExpandedIndex:
    """Cosine search over rows that are each a weighted sum of themselves and their nearest gallery rows.

    A neighbour's weight is its cosine to the power `alpha`, the row's own 1, so what is less alike counts less
    (Radenović, Tolias & Chum, "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2019). Of the gallery
    it is done once, when it is indexed, for `gallery_neighbours` (database-side augmentation: Turcot & Lowe, ICCV
    workshops 2009; Gordo et al., IJCV 2017); of a query in each search, for `query_neighbours`. 0 leaves it out.
    Neighbours that tie with the last all count: their order must not decide.
    """

    def __init__(self, query_neighbours: int = 0, gallery_neighbours: int = 0, alpha: float = 3.0) -> None:
        self.query_neighbours = query_neighbours
        self.gallery_neighbours = gallery_neighbours
        self.alpha = alpha
        self._vectors = np.empty((0, 0), dtype=np.float32)

    metric: Literal["cosine"] = "cosine"

    def add(self, vectors: np.ndarray) -> None:
        """Keep gallery vectors (n, d) at unit length, augmented where it was asked for."""
        rows = unit_rows(vectors)
        if self.gallery_neighbours and len(rows):  # a row is its own nearest one: it is among these
            rows = np.concatenate([self._sums(each, rows, self.gallery_neighbours + 1) for each in blocks(rows, rows)])
        self._vectors = unit_rows(rows)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32 cosines."""
        k = min(k, len(self._vectors))
        if k == 0 or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        found = [self._best(each, k) for each in blocks(unit_rows(vectors), self._vectors)]
        ids, scores = zip(*found, strict=True)
        return np.concatenate(ids), np.concatenate(scores)

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors."""
        return self._vectors.nbytes

    def _best(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        if self.query_neighbours:
            with stage("rerank"):
                queries = unit_rows(queries + self._sums(queries, self._vectors, self.query_neighbours))
        return top_k(queries @ self._vectors.T, k)

    def _sums(self, rows: np.ndarray, gallery: np.ndarray, neighbours: int) -> np.ndarray:
        """(q, d) weighted sums of each row's nearest `neighbours` of the gallery."""
        cosines = rows @ gallery.T
        weights = np.where(cosines >= nth_largest(cosines, neighbours), np.maximum(cosines, 0) ** self.alpha, 0)
        return weights.astype(np.float32) @ gallery


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """(n, d) float32 at unit length; a row of zeros stays as it is."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norms, np.finfo(np.float32).tiny)


def nth_largest(values: np.ndarray, number: int) -> np.ndarray:
    """(q, 1) the `number`th largest value of each row of (q, n), the smallest where there are fewer; less ROUNDING."""
    place = values.shape[1] - min(number, values.shape[1])
    return np.partition(values, place, axis=1)[:, place : place + 1] - np.float32(ROUNDING)


def blocks(rows: np.ndarray, gallery: np.ndarray) -> list[np.ndarray]:
    """`rows` (q, d) in blocks whose products with the gallery (n, d) stay small."""
    step = max(1, CHUNK // max(gallery.shape))
    return [rows[start : start + step] for start in range(0, len(rows), step)]
