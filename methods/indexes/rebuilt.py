"""A changing gallery over an index that cannot change: it is built anew over the rows that are present."""

import numpy as np

from methods.contracts import Index
from methods.distances import Metric
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex


class RebuiltIndex:
    """Exact search over rows that come and go: what other changing indexes are held against.

    Rows are kept in the order of their ids, so that of equal scores the lower id goes first. `metric` is "l2" or
    "cosine" for float32 rows, "hamming" for packed codes.
    """

    def __init__(self, metric: Metric = "l2") -> None:
        self.metric = metric
        self._ids = np.empty(0, dtype=np.int64)
        self._index: Index = self._empty()

    def add(self, vectors: np.ndarray) -> None:
        """Keep gallery vectors (n, d), or codes (n, bytes), under their positions."""
        self._build(np.arange(len(vectors)), vectors)

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Build anew with vectors (m, d) under ids (m,) int64 beside those present."""
        self._build(np.concatenate([self._ids, ids]), np.concatenate([self._vectors, vectors]))

    def remove(self, ids: np.ndarray) -> None:
        """Build anew without the rows under ids (m,) int64."""
        present = ~np.isin(self._ids, ids)
        self._build(self._ids[present], self._vectors[present])

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        rows, scores = self._index.search(vectors, k)
        return self._ids[rows].astype(np.int32), scores

    @property
    def nbytes(self) -> int:
        """Bytes of the index, of the rows as they were given and of their ids."""
        return self._index.nbytes + self._vectors.nbytes + self._ids.nbytes

    def _empty(self) -> Index:
        return HammingIndex() if self.metric == "hamming" else ExactIndex(self.metric)

    def _build(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        order = np.argsort(ids, kind="stable")
        self._ids, self._vectors = ids[order], vectors[order]
        self._index = self._empty()
        self._index.add(self._vectors)
