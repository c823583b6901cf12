"""Vectors at unit length."""

import numpy as np


class L2Normalise:
    """Each row over its Euclidean norm, so that L2 and cosine rank alike; a row of zeros stays as it is."""

    def fit(self, vectors: np.ndarray) -> None:
        """Nothing is learned."""

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """(n, d) float32 of norm 1."""
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms > 0, norms, np.float32(1))
