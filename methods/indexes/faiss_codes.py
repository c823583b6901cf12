"""Codes in memory, rows on disk: what codes find is compared exactly with the original rows, read from a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import numpy as np

from methods.indexes.code_scans import CodeKind, Codes, make_codes
from methods.indexes.faiss_rows import ROUNDING, FloatMetric, unit_rows
from methods.indexes.rows_on_disk import BLOCK, RowsOnDisk

SAMPLE = 1 << 23
"""Numbers (32 MiB of float32) that codes are trained on, in rows evenly spread over the gallery."""

ANSWER = 1 << 22
"""Candidates of a block of queries that are in memory at once."""


class FaissCodesIndex:
    """The `rerank` candidates that a scan of codes finds are compared by their whole rows ("l2" or "cosine").

    Scores of those are exact: minus the distance, or the cosine; ties go to the lower row. `rerank` is a number of
    rows, whatever k is, and may be set between searches. Results beyond it follow in the order of their codes, their
    estimated scores moved so that the best lies just below the last exact one. See `make_codes` for the `codes` and
    RowsOnDisk for where rows lie: at 512 numbers, 64 to 512 bytes a vector are in memory and 2,048 on disk.
    """

    def __init__(self, metric: FloatMetric = "l2", codes: CodeKind = "rabitq", rerank: int = 100) -> None:
        if metric not in ("l2", "cosine"):
            raise ValueError(f"FaissCodesIndex has no metric {metric!r}; use 'l2' or 'cosine'")
        if codes not in get_args(CodeKind):
            raise ValueError(f"FaissCodesIndex has no codes {codes!r}; use one of {', '.join(get_args(CodeKind))}")
        if rerank < 1:
            raise ValueError(f"rerank is {rerank}, but at least 1 candidate must be compared")
        self.metric = metric
        self.codes = codes
        self.rerank = rerank
        self._scan: Codes | None = None
        self._lengths = np.empty(0, dtype=np.float32)
        self._rows = RowsOnDisk(np.empty((0, 0), dtype=np.float32))

    def add(self, vectors: np.ndarray) -> None:
        """Encode gallery vectors (n, d), and keep them in their file, or in one that is written.

        Raises BenchmarkError where that one cannot be.
        """
        if not len(vectors):
            return
        self._rows = RowsOnDisk(vectors)
        rows = self._rows.rows
        self._scan = make_codes(self.codes, self.metric, self._prepared(self._rows.sample(SAMPLE)), len(rows))
        lengths = np.empty(len(rows) if self.metric == "cosine" else 0, dtype=np.float32)
        step = max(1, BLOCK // rows.shape[1])
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            if len(lengths):
                lengths[start : start + step] = np.sqrt(np.vecdot(block, block))
            self._scan.add(self._prepared(block))
            self._rows.let_go()
        if np.any(np.abs(lengths - 1) >= ROUNDING):
            self._lengths = np.maximum(lengths, np.finfo(np.float32).tiny)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows found for each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        k = min(k, len(self._rows.rows))
        if self._scan is None or not k or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        queries = self._prepared(vectors)
        if len(queries) == 1:
            with one_thread():
                return self._found(self._scan, queries, k)
        step = max(1, ANSWER // max(k, self.rerank))
        ids, scores = np.empty((len(queries), k), dtype=np.int32), np.empty((len(queries), k), dtype=np.float32)
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            ids[part], scores[part] = self._found(self._scan, queries[part], k)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes in memory: codes, what was learned for them, and the rows' lengths where these are not 1."""
        return self._scan.nbytes + self._lengths.nbytes if self._scan else 0

    @property
    def disk_bytes(self) -> int:
        """Bytes of the rows in their file."""
        return self._rows.nbytes

    def _found(self, scan: Codes, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        depth = min(self.rerank, len(self._rows.rows))
        ids, estimated = scan.search(queries, max(depth, k))
        each = np.arange(len(ids))[:, None]
        if k > depth:
            order = np.lexsort((ids, -estimated))
            ids, estimated = ids[each, order], estimated[each, order]
        near = np.sort(ids[:, :depth], axis=1)
        exact = self._exact(queries, near)
        order = np.argsort(-exact, axis=1, kind="stable")[:, :k]  # of equal scores the lower row goes first
        near, exact = near[each, order], exact[each, order]
        if k <= depth:
            return near.astype(np.int32), exact
        far = estimated[:, depth:] - estimated[:, depth, None]
        far += np.nextafter(exact[:, -1:], np.float32(-np.inf))
        return np.hstack([near, ids[:, depth:]]).astype(np.int32), np.hstack([exact, far])

    def _exact(self, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Scores (q, m) of prepared queries (q, d) with the rows of `ids` (q, m)."""
        if self.metric == "l2":
            return -np.sqrt(self._rows.squared_distances(queries, ids))
        products = self._rows.products(queries, ids)
        return products / self._lengths[ids] if len(self._lengths) else products

    def _prepared(self, vectors: np.ndarray) -> np.ndarray:
        """Rows as they are compared: float32, at unit length for the cosine."""
        return unit_rows(vectors) if self.metric == "cosine" else np.ascontiguousarray(vectors, dtype=np.float32)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep faiss to the calling thread: one query is no work for several, which would wait for each other."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
