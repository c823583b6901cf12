"""Exact Hamming search over packed bits."""

import numpy as np

from methods.distances import Metric
from methods.indexes.topk import top_k

CHUNK = 1 << 22
"""Machine words in the largest temporary (32 MiB)."""

WORD = 8
"""Bytes in a machine word."""


class HammingIndex:
    """Counts differing bits, a 64-bit word at a time; scores are minus that count, so ties are the rule."""

    metric: Metric = "hamming"

    def __init__(self) -> None:
        self._words = np.empty((0, 0), dtype=np.uint64)

    def add(self, vectors: np.ndarray) -> None:
        """Keep packed codes (n, bytes) uint8, padded with zero bits to whole words."""
        self._words = _words(vectors)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery codes that differ least from each query: ids (q, k) int32, scores (q, k) float32."""
        queries = _words(vectors)
        k = min(k, len(self._words))
        ids = np.empty((len(queries), k), dtype=np.int32)
        scores = np.empty((len(queries), k), dtype=np.float32)
        step = max(1, CHUNK // max(1, self._words.size))
        for start in range(0, len(queries), step):
            rows = slice(start, start + step)
            differing = np.bitwise_count(queries[rows, None] ^ self._words).sum(axis=2, dtype=np.int32)
            ids[rows], scores[rows] = top_k(-differing.astype(np.float32), k)
        return ids, scores

    @property
    def nbytes(self) -> int:
        """Bytes of the codes."""
        return self._words.nbytes


def _words(codes: np.ndarray) -> np.ndarray:
    """Codes (n, bytes) uint8 as (n, ceil(bytes / 8)) uint64."""
    if codes.dtype != np.uint8 or codes.ndim != 2:
        raise ValueError(f"Hamming search needs packed (n, bytes) uint8 codes, not {codes.shape} {codes.dtype}")
    padded = np.pad(codes, ((0, 0), (0, -codes.shape[1] % WORD)))
    return np.ascontiguousarray(padded).view(np.uint64)
