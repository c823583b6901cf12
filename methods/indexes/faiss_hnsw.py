"""faiss's navigable small-world graph (Malkov & Yashunin, "HNSW", 2018)."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from methods.indexes.faiss_rows import FaissRows, FloatMetric


class FaissHnswIndex(FaissRows):
    """Each row linked to `links` near ones (twice as many on the ground floor); a query walks the links greedily.

    `ef_construction` and `ef_search` are the numbers of candidates kept while linking and while searching; at least k
    are kept. `ef_search` may be set between searches. Threads link rows in any order: `repeatable` builds on one
    thread, so that two builds are the same.

    Rows may come and go. faiss cannot take a row out of a graph: one that is removed stays a stepping stone, with its
    bytes, and a search passes it over.
    """

    def __init__(
        self,
        metric: FloatMetric = "l2",
        links: int = 16,
        ef_construction: int = 100,
        ef_search: int = 64,
        repeatable: bool = True,
    ) -> None:
        super().__init__(metric)
        self.links = links
        self.ef_construction = ef_construction
        self.ef_search = ef_search
        self.repeatable = repeatable
        self._ids = np.empty(0, dtype=np.int64)
        """The id of each row of the graph; -1 of one that was removed. Empty: nothing has come or gone yet."""

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """As every index's; where rows have come or gone, among those that are present."""
        if not len(self._ids):
            return super().search(vectors, k)
        return self._search_rows(vectors, k, self._ids >= 0)

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the ids that are `allowed` (n,) bool: the walk goes by way of others; tail -1 and -inf."""
        if not len(self._ids):
            return super().search_among(vectors, k, allowed)
        return self._search_rows(vectors, k, (self._ids >= 0) & allowed[self._ids])

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Link vectors (m, d) into the graph under ids (m,) int64."""
        known = self._known()
        rows = self._prepared(vectors)
        if self._index is None:
            self._index = self._built(rows)
        else:
            self._link(self._index, rows)
        self._ids = np.concatenate([known, np.asarray(ids, dtype=np.int64)])

    def remove(self, ids: np.ndarray) -> None:
        """Mark the rows under ids (m,) int64 as removed; later searches pass them over."""
        known = self._known()
        self._ids = np.where(np.isin(known, ids), -1, known)

    def _built(self, rows: np.ndarray) -> Any:
        import faiss

        index = faiss.IndexHNSWFlat(rows.shape[1], self.links, self._faiss_metric)
        index.hnsw.efConstruction = self.ef_construction
        self._link(index, rows)
        return index

    def _link(self, index: Any, rows: np.ndarray) -> None:
        with _one_thread() if self.repeatable else nullcontext():
            index.add(rows)

    def _set(self, index: Any) -> None:
        index.hnsw.efSearch = self.ef_search

    def _parameters(self, selector: Any) -> Any:
        import faiss

        return faiss.SearchParametersHNSW(sel=selector, efSearch=self.ef_search)  # type: ignore[attr-defined]

    def _known(self) -> np.ndarray:
        """The id of each row of the graph; before anything has come or gone, its position."""
        return self._ids if len(self._ids) else np.arange(self._index.ntotal if self._index else 0)

    def _search_rows(self, vectors: np.ndarray, k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids and scores of a search among rows (n,) bool of the graph, cut to those present."""
        found, scores = super().search_among(vectors, min(k, int(np.count_nonzero(self._ids >= 0))), rows)
        return np.where(found >= 0, self._ids[found], -1).astype(np.int32), scores


def _one_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="openmp")
