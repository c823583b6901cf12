"""faiss's exact Hamming search over packed bits."""

from typing import Any

import numpy as np

from methods.distances import Metric
from methods.indexes.faiss_rows import written_bytes


class FaissBinaryIndex:
    """IndexBinaryFlat: a scan that counts differing bits. Of codes that tie at the cut, any may be returned."""

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._index: Any = None

    def add(self, vectors: np.ndarray) -> None:
        """Keep packed codes (n, bytes) uint8."""
        import faiss

        if not len(vectors):
            return
        self._index = faiss.IndexBinaryFlat(8 * vectors.shape[1])
        # Counting the codes at each distance beats a heap, which gains nothing from distances that tie.
        self._index.use_heap = False
        self._index.add(np.ascontiguousarray(vectors))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        k = min(k, self._index.ntotal) if self._index else 0
        if not k or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        differing, ids = self._index.search(np.ascontiguousarray(vectors), k)
        return ids.astype(np.int32), -differing.astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the index as faiss writes it."""
        return written_bytes(self._index) if self._index else 0
