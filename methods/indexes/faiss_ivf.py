"""faiss's inverted files: rows in lists by nearest centroid; a query searches a few (Sivic & Zisserman 2003)."""

from typing import Any

import numpy as np

from datasets.errors import BenchmarkError
from methods.indexes.faiss_rows import FaissRows, FloatMetric

SEED = 0


class FaissInvertedFile(FaissRows):
    """`nlist` lists of rows, of which a query searches the `nprobe` nearest; a subclass says how rows are kept.

    A gallery with fewer rows than `nlist` gets a list a row. `nprobe` may be set between searches.
    """

    def __init__(self, metric: FloatMetric = "l2", nlist: int = 128, nprobe: int = 8) -> None:
        super().__init__(metric)
        if not 1 <= nprobe <= nlist:
            raise ValueError(f"nprobe is {nprobe}, but must lie between 1 and the number of lists, {nlist}")
        self.nlist = nlist
        self.nprobe = nprobe

    def _built(self, rows: np.ndarray) -> Any:
        index = self._inverted_file(rows)
        index.cp.seed = SEED
        index.cp.min_points_per_centroid = 1  # fewer are a matter of the gallery, not worth a warning
        index.train(rows)
        index.add(rows)
        return index

    def _inverted_file(self, rows: np.ndarray) -> Any:
        """An untrained faiss index with the lists that suit `rows`."""
        raise NotImplementedError

    def _quantizer(self, rows: np.ndarray) -> tuple[Any, int]:
        """An empty flat index for the centroids, and how many lists the rows fill."""
        import faiss

        return faiss.IndexFlat(rows.shape[1], self._faiss_metric), min(self.nlist, len(rows))

    def _set(self, index: Any) -> None:
        index.nprobe = min(self.nprobe, index.nlist)

    def _parameters(self, selector: Any) -> Any:
        import faiss

        return faiss.SearchParametersIVF(sel=selector, nprobe=self.nprobe)  # type: ignore[call-arg]


class FaissIvfFlatIndex(FaissInvertedFile):
    """Lists of whole rows; all of them is exact search.

    Rows may come and go. The centroids stay those of the rows that `add` was given.
    """

    def insert(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Put vectors (m, d) into the lists of their nearest centroids, under ids (m,) int64."""
        if self._index is None:
            raise BenchmarkError("FaissIvfFlatIndex has no centroids before `add` was given rows; add some first")
        self._index.add_with_ids(self._prepared(vectors), np.asarray(ids, dtype=np.int64))

    def remove(self, ids: np.ndarray) -> None:
        """Take the rows under ids (m,) int64 out of their lists; faiss looks through all lists."""
        self._index.remove_ids(np.asarray(ids, dtype=np.int64))

    def _inverted_file(self, rows: np.ndarray) -> Any:
        return _flat_lists(rows, *self._quantizer(rows), self._faiss_metric)


class FaissIvfPqIndex(FaissInvertedFile):
    """The same lists, their rows product-quantised: `subvectors` codes of 8 bits each (Jégou, Douze & Schmid 2011).

    Without re-ranking, order and scores are those of the codes. With `rerank`, so many times k candidates are compared
    by whole rows, which are kept beside the codes. `nprobe` and (unless it is 0) `rerank` may be set between searches.
    Raises BenchmarkError where `subvectors` does not divide the rows' dimension.
    """

    def __init__(
        self, metric: FloatMetric = "l2", nlist: int = 128, nprobe: int = 8, subvectors: int = 64, rerank: int = 0
    ) -> None:
        super().__init__(metric, nlist, nprobe)
        self.subvectors = subvectors
        self.rerank = rerank

    def _built(self, rows: np.ndarray) -> Any:
        import faiss

        codes = super()._built(rows)
        return faiss.IndexRefineFlat(codes, faiss.swig_ptr(rows)) if self.rerank else codes

    def _inverted_file(self, rows: np.ndarray) -> Any:
        import faiss

        dimension = rows.shape[1]
        if dimension % self.subvectors:
            raise BenchmarkError(
                f"FaissIvfPqIndex: {self.subvectors} subvectors do not divide rows of {dimension} numbers; choose a "
                "divisor"
            )
        if len(rows) < 2:
            return _flat_lists(rows, *self._quantizer(rows), self._faiss_metric)
        quantizer, lists = self._quantizer(rows)
        bits = min(8, int(np.log2(len(rows))))  # a codebook has no more entries than there are rows to learn them from
        index = faiss.IndexIVFPQ(quantizer, dimension, lists, self.subvectors, bits, self._faiss_metric)
        index.pq.cp.seed = SEED
        index.pq.cp.min_points_per_centroid = 1
        return index

    def _set(self, index: Any) -> None:
        if self.rerank:
            import faiss

            index.k_factor = self.rerank
            index = faiss.downcast_index(index.base_index)
        super()._set(index)

    def _parameters(self, selector: Any) -> Any:
        lists = super()._parameters(selector)
        if not self.rerank:
            return lists
        import faiss

        return faiss.IndexRefineSearchParameters(k_factor=self.rerank, base_index_params=lists)  # type: ignore[call-arg]


def _flat_lists(rows: np.ndarray, quantizer: Any, lists: int, metric: int) -> Any:
    import faiss

    return faiss.IndexIVFFlat(quantizer, rows.shape[1], lists, metric)
