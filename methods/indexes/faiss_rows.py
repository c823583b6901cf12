"""What all faiss indexes over float rows have in common: one contract around faiss's own."""

from typing import Any, Literal

import numpy as np

FloatMetric = Literal["l2", "cosine"]

ROUNDING = 1e-6
"""A length this close to 1 is 1, as far as float32 can tell."""


class FaissRows:
    """A faiss index as an Index: a subclass says how it is built (`_built`) and set before a search (`_set`).

    Scores are minus the Euclidean distance under "l2"; under "cosine" rows are brought to unit length and scores are
    their inner products. faiss takes as many OpenMP threads as the process gives it, but one for a single query.
    """

    def __init__(self, metric: FloatMetric = "l2") -> None:
        if metric not in ("l2", "cosine"):
            raise ValueError(f"{type(self).__name__} has no metric {metric!r}; use 'l2' or 'cosine'")
        self.metric = metric
        self._index: Any = None

    def add(self, vectors: np.ndarray) -> None:
        """Build over gallery vectors (n, d)."""
        if len(vectors):
            self._index = self._built(self._prepared(vectors))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows found for each query (q, d): ids (q, k) int32, scores (q, k) float32, tail -1 and -inf."""
        k = min(k, self._index.ntotal) if self._index else 0
        if not k or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        self._set(self._index)
        return self._answer(*self._index.search(self._prepared(vectors), k))

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the rows that are `allowed` (n,) bool: faiss passes over the others; tail -1 and -inf."""
        k = min(k, self._index.ntotal) if self._index else 0
        if not k or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        import faiss

        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))  # type: ignore[arg-type, call-arg]
        parameters = self._parameters(selector)
        return self._answer(*self._index.search(self._prepared(vectors), k, params=parameters))

    @property
    def nbytes(self) -> int:
        """Bytes of the index as faiss writes it: rows or codes, their numbers, centroids, links."""
        return written_bytes(self._index) if self._index else 0

    def _built(self, rows: np.ndarray) -> Any:
        """A trained faiss index that holds `rows` (n, d) float32, n > 0."""
        raise NotImplementedError

    def _set(self, index: Any) -> None:
        """Bring the settings of a search into the faiss index; nothing to set unless a subclass says so."""

    def _parameters(self, selector: Any) -> Any:
        """Parameters, for faiss, of a search among the rows that `selector` picks, with the settings of `_set`."""
        import faiss

        return faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]

    def _prepared(self, vectors: np.ndarray) -> np.ndarray:
        return unit_rows(vectors) if self.metric == "cosine" else _floats(vectors)

    def _answer(self, values: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ids int32 and scores float32 (q, k) of faiss's values and ids."""
        scores = values if self.metric == "cosine" else -np.sqrt(np.maximum(values, 0))
        return ids.astype(np.int32), np.where(ids >= 0, scores, np.float32(-np.inf))

    @property
    def _faiss_metric(self) -> int:
        import faiss

        return faiss.METRIC_INNER_PRODUCT if self.metric == "cosine" else faiss.METRIC_L2


def written_bytes(index: Any) -> int:
    """Bytes of any faiss index when written, counted a piece at a time: no second copy is made."""
    import faiss

    counted = 0

    def count(piece: bytes) -> int:
        nonlocal counted
        counted += len(piece)
        return len(piece)

    write = faiss.write_index_binary if isinstance(index, faiss.IndexBinary) else faiss.write_index
    write(index, faiss.PyCallbackIOWriter(count))  # type: ignore[attr-defined]
    return counted


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows (n, d) as float32 at unit length; rows of zeros stay so. Those that are at unit length are not copied."""
    rows = _floats(vectors)
    norms = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    if np.all(np.abs(norms - 1) < ROUNDING):
        return rows
    return rows / np.maximum(norms, np.finfo(np.float32).tiny)[:, None]


def _floats(vectors: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(vectors, dtype=np.float32)
