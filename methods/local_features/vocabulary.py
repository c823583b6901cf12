"""Visual words: the descriptors that the many descriptors of a gallery cluster around."""

from dataclasses import dataclass

import numpy as np

SAMPLE_PER_WORD = 64
"""Descriptors clustered for each word; with more the words hardly move."""

ROUNDS = 10
"""Of KMeans; later ones move the words by little."""


@dataclass(frozen=True)
class Vocabulary:
    """`words` (k, d) float32, the centroids."""

    words: np.ndarray

    def __len__(self) -> int:
        return len(self.words)

    def nearest(self, descriptors: np.ndarray) -> np.ndarray:
        """The nearest word's number, (n,) int64, of each descriptor (n, d); there must be at least one word."""
        # |x - w|^2 = |x|^2 - 2 (x.w - |w|^2 / 2), and |x|^2 is the same for all words.
        half_norms = np.einsum("kd,kd->k", self.words, self.words) / 2
        return (descriptors @ self.words.T - half_norms).argmax(axis=1)


def learn_vocabulary(descriptors: np.ndarray, words: int, seed: int) -> Vocabulary:
    """KMeans over descriptors (n, d) float32, or a seeded sample of them; at most n words."""
    import faiss

    words = min(words, len(descriptors))
    if not words:
        return Vocabulary(np.empty((0, descriptors.shape[1]), dtype=np.float32))
    kmeans = faiss.Kmeans(
        descriptors.shape[1],
        words,
        niter=ROUNDS,
        seed=seed,
        min_points_per_centroid=1,
        max_points_per_centroid=SAMPLE_PER_WORD,
    )
    kmeans.train(np.ascontiguousarray(descriptors, dtype=np.float32))
    return Vocabulary(np.asarray(kmeans.centroids))
