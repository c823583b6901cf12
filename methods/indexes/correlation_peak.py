"""Exact search by the highest correlation over all cyclic shifts, for profiles around a circle (radial hashes)."""

import numpy as np

from methods.distances import Metric
from methods.indexes.topk import top_k


class CorrelationPeakIndex:
    """Scores are Pearson correlations of the query's profile, turned to where it fits best, in -1..1.

    A turned picture has a turned profile, so it is found (De Roover et al., "Robust video hashing based on radial
    projections of key frames", 2005). A flat profile correlates with nothing: its scores are 0.
    """

    metric: Metric = "cosine"
    own_comparison = True
    """The cosine of rows as they stand is not what it scores by: no other index may stand in for it."""

    def __init__(self) -> None:
        self._profiles = np.empty((0, 0), dtype=np.float32)

    def add(self, vectors: np.ndarray) -> None:
        """Keep gallery profiles (n, d), each less its mean and at unit length."""
        self._profiles = _centred(vectors)

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery rows that correlate best with each query: ids (q, k) int32, scores (q, k) float32."""
        scores = np.empty((len(vectors), len(self._profiles)), dtype=np.float32)
        for row, profile in zip(scores, _centred(vectors), strict=True):
            turned = np.stack([np.roll(profile, shift) for shift in range(len(profile))])
            (turned @ self._profiles.T).max(axis=0, out=row)
        return top_k(scores, min(k, scores.shape[1]))

    @property
    def nbytes(self) -> int:
        """Bytes of the profiles."""
        return self._profiles.nbytes


def _centred(vectors: np.ndarray) -> np.ndarray:
    rows = vectors - vectors.mean(axis=1, keepdims=True, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
