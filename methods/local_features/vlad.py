"""VLAD (Jegou, Douze, Schmid & Perez, CVPR 2010): how an image's descriptors deviate from the words they belong to."""

from collections.abc import Mapping, Sequence

import numpy as np

from methods.local_features.vocabulary import Vocabulary, learn_vocabulary
from methods.small_products import one_blas_thread
from methods.transforms.pca import Pca


class Vlad:
    """Per word the sum of residuals, normalised, joined, and reduced to `components` numbers by PCA.

    The residuals of a word are brought to unit length, so that no word's burst decides (Arandjelovic & Zisserman, CVPR
    2013), then signed square roots are taken (Perronnin et al., ECCV 2010; Jegou et al., PAMI 2012). `whiten` divides
    each component by its standard deviation (Jegou & Chum, ECCV 2012).
    """

    def __init__(self, words: int, components: int, whiten: bool, seed: int = 0) -> None:
        self.words = words
        self.components = components
        self.whiten = whiten
        self.seed = seed
        self._vocabulary = Vocabulary(np.empty((0, 0), dtype=np.float32))
        self._pca: Pca | None = None

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn the vocabulary and the components from gallery images' descriptors, (n_i, d) float32 each."""
        self._vocabulary = learn_vocabulary(np.concatenate(images), self.words, self.seed)
        with one_blas_thread():
            rows = [aggregate(descriptors, self._vocabulary) for descriptors in images if len(descriptors)]
        if len(rows) > 1 and np.ptp(rows, axis=0).any():
            self._pca = Pca(self.components, self.whiten, self.seed)
            self._pca.fit(np.stack(rows))

    def vector(self, descriptors: np.ndarray) -> np.ndarray:
        """The image with these descriptors (n, d) float32 as a unit vector (components,) float32.

        Not reduced where the gallery does not vary; zero where there are no words.
        """
        row = aggregate(descriptors, self._vocabulary)
        return unit(row if self._pca is None else self._pca.apply(row[None])[0])

    def learned(self) -> dict[str, np.ndarray]:
        """The words (k, d) and, where the gallery varies, the components' mean and directions, float32."""
        return {"words": self._vocabulary.words, **({} if self._pca is None else self._pca.learned())}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Be as after the `fit` that `learned` these arrays."""
        self._vocabulary, self._pca = Vocabulary(arrays["words"]), None
        if "directions" in arrays:
            self._pca = Pca(self.components, self.whiten, self.seed)
            self._pca.restore(arrays)


def aggregate(descriptors: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """The unit vector (words * d,) float32 of descriptors (n, d): a block a word, zero for words that none is near."""
    words = vocabulary.words
    if not len(words) or not len(descriptors):
        return np.zeros(words.size, dtype=np.float32)
    belongs = np.zeros((len(words), len(descriptors)), dtype=np.float32)
    belongs[vocabulary.nearest(descriptors), np.arange(len(descriptors))] = 1
    residuals = unit(belongs @ descriptors - belongs.sum(axis=1, keepdims=True) * words)
    return unit((np.sign(residuals) * np.sqrt(np.abs(residuals))).ravel())


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., d) at unit length; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, np.float32(1))
