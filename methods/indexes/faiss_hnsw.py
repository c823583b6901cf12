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

    def _built(self, rows: np.ndarray) -> Any:
        import faiss

        index = faiss.IndexHNSWFlat(rows.shape[1], self.links, self._faiss_metric)
        index.hnsw.efConstruction = self.ef_construction
        with _one_thread() if self.repeatable else nullcontext():
            index.add(rows)
        return index

    def _set(self, index: Any) -> None:
        index.hnsw.efSearch = self.ef_search


def _one_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="openmp")
