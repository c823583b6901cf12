"""Exact Hamming search over packed bits."""

import numpy as np

from methods.distances import Metric
from methods.indexes.differing_bits import DifferingBits, as_words, least


class HammingIndex:
    """Counts differing bits; scores are minus that count, so ties are the rule: the lower row goes first."""

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._differing = DifferingBits(np.empty((0, 0), dtype=np.uint8))

    def add(self, vectors: np.ndarray) -> None:
        """Keep packed codes (n, bytes) uint8, padded with zero bits to whole words."""
        self._differing = DifferingBits(vectors)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        k = min(k, len(self._differing))
        ids = np.empty((len(vectors), k), dtype=np.int32)
        scores = np.empty((len(vectors), k), dtype=np.float32)
        if k:
            for place, differing in enumerate(self._differing.of_each(as_words(vectors))):
                ids[place] = least(differing, k)
                scores[place] = -differing[ids[place]].astype(np.float32)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the codes."""
        return self._differing.nbytes
