"""Exact Hamming search over packed bits."""

import numpy as np

from methods.distances import Metric
from methods.indexes.differing_bits import least_differing, whole_words


class HammingIndex:
    """Counts differing bits; scores are minus that count, so ties are the rule: the lower row goes first."""

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._codes = np.empty((0, 0), dtype=np.uint8)

    def add(self, vectors: np.ndarray) -> None:
        """Keep packed codes (n, bytes) uint8, padded with zero bits to whole words."""
        self._codes = whole_words(vectors)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        if not len(self._codes):
            return np.empty((len(vectors), 0), dtype=np.int32), np.empty((len(vectors), 0), dtype=np.float32)
        ids, differing = least_differing(self._codes, whole_words(vectors), k)
        return ids, -differing.astype(np.float32)

    def search_among(self, vectors: np.ndarray, k: int, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`search` among the codes that are `allowed` (n,) bool; tail -1 and -inf."""
        ids = np.full((len(vectors), min(k, len(self._codes))), -1, dtype=np.int32)
        scores = np.full(ids.shape, -np.inf, dtype=np.float32)
        rows = np.flatnonzero(allowed)
        if len(rows):
            found, differing = least_differing(self._codes[rows], whole_words(vectors), k)
            ids[:, : found.shape[1]], scores[:, : found.shape[1]] = rows[found], -differing
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the codes."""
        return self._codes.nbytes
