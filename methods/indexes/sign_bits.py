"""Exact search over the signs of numbers, one bit each."""

import numpy as np

from methods.distances import Metric
from methods.indexes.differing_bits import DifferingBits, as_words, least


class SignBitsIndex:
    """Keeps a bit a number and counts differing bits; scores are the cosine of the signs, 1 - 2 * differing / bits.

    For an encoder that must say "nothing to search for" by NaN, which packed bits cannot. With `views` a row holds so
    many codes side by side: the first of a gallery row is kept, and a query scores by the nearest of all its own.
    """

    metric: Metric = "cosine"

    def __init__(self, views: int = 1) -> None:
        self.views = views
        self._bits = 0
        self._differing = DifferingBits(np.empty((0, 0), dtype=np.uint8))

    def add(self, vectors: np.ndarray) -> None:
        """Keep the signs of the first view of gallery rows (n, views * bits) float32; 0 counts as minus."""
        self._bits = vectors.shape[1] // self.views
        self._differing = DifferingBits(np.packbits(vectors[:, : self._bits] > 0, axis=1))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery rows whose signs differ least from a view of each query: ids (q, k) int32, scores float32."""
        k = min(k, len(self._differing))
        ids = np.empty((len(vectors), k), dtype=np.int32)
        scores = np.empty((len(vectors), k), dtype=np.float32)
        if k:
            for place, row in enumerate(vectors):
                codes = as_words(np.packbits(row.reshape(self.views, self._bits) > 0, axis=1))
                differing = np.minimum.reduce([self._differing.of_all(words) for words in codes])
                ids[place] = least(differing, k)
                scores[place] = 1 - differing[ids[place]].astype(np.float32) * (2 / self._bits)
        return ids, scores

    @property
    def own_comparison(self) -> bool:
        """Whether the cosine of whole rows is not what it scores by: no other index may stand in for it then."""
        return self.views > 1

    @property
    def nbytes(self) -> int:
        """Bytes of the codes."""
        return self._differing.nbytes
