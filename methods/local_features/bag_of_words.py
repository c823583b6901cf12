"""Bag of visual words (Sivic & Zisserman, ICCV 2003): an image as a text of the words nearest to its descriptors."""

from collections.abc import Mapping, Sequence

import numpy as np

from methods.local_features.vocabulary import Vocabulary, learn_vocabulary
from methods.small_products import one_blas_thread


class BagOfWords:
    """sqrt(term frequency) x inverse document frequency, at unit length.

    A face or a wall repeats the same few words; the square root keeps such bursts from deciding (Jegou, Douze &
    Schmid, CVPR 2009). The inverse document frequency of a word in d of n images is log((1 + n) / (1 + d)).
    """

    def __init__(self, words: int, seed: int = 0) -> None:
        self.words = words
        self.seed = seed
        self._vocabulary = Vocabulary(np.empty((0, 0), dtype=np.float32))
        self._idf = np.empty(0, dtype=np.float32)

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn the vocabulary and how rare each word is from gallery images' descriptors, (n_i, d) float32 each."""
        self._vocabulary = learn_vocabulary(np.concatenate(images), self.words, self.seed)
        with one_blas_thread():
            counts = np.stack([self._counts(descriptors) for descriptors in images])
        self._idf = inverse_document_frequency(counts)

    def vector(self, descriptors: np.ndarray) -> np.ndarray:
        """The image with these descriptors (n, d) float32 as (words,) float32; zero where no word tells anything."""
        weights = np.sqrt(self._counts(descriptors)) * self._idf
        return weights / max(float(np.linalg.norm(weights)), np.finfo(np.float32).tiny)

    def learned(self) -> dict[str, np.ndarray]:
        """The words (k, d) and their inverse document frequencies (k,), float32."""
        return {"words": self._vocabulary.words, "idf": self._idf}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Be as after the `fit` that `learned` these arrays."""
        self._vocabulary, self._idf = Vocabulary(arrays["words"]), arrays["idf"]

    def _counts(self, descriptors: np.ndarray) -> np.ndarray:
        if not len(descriptors) or not len(self._vocabulary):
            return np.zeros(len(self._vocabulary), dtype=np.float32)
        numbers = self._vocabulary.nearest(descriptors)
        return np.bincount(numbers, minlength=len(self._vocabulary)).astype(np.float32)


def inverse_document_frequency(counts: np.ndarray) -> np.ndarray:
    """log((1 + n) / (1 + images with the word)), (words,) float32, of word counts (n, words)."""
    return np.log((1 + len(counts)) / (1 + np.count_nonzero(counts, axis=0))).astype(np.float32)
