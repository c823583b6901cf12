"""How alike two rows are, under the three metrics the benchmark uses. Larger is always better."""

from typing import Literal

import numpy as np

Metric = Literal["l2", "cosine", "hamming"]
"""Scores: minus the Euclidean distance; the cosine; minus the number of differing bits (of packed uint8 rows)."""


def row_similarity(a: np.ndarray, b: np.ndarray, metric: Metric) -> np.ndarray:
    """Similarity (n,) float32 of a[i] and b[i]; rows (n, d) float32, or packed uint8 for "hamming"."""
    if metric == "hamming":
        return -np.bitwise_count(a ^ b).sum(axis=1).astype(np.float32)
    if metric == "l2":
        return -np.linalg.norm(a - b, axis=1)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.einsum("nd,nd->n", a, b) / np.maximum(norms, np.finfo(np.float32).tiny)
