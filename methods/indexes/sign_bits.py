"""Exact search over the signs of numbers, one bit each."""

import numpy as np

from methods.distances import Metric
from methods.indexes.differing_bits import least_differing, whole_words


class SignBitsIndex:
    """Keeps a bit a number and counts differing bits; scores are the cosine of the signs, 1 - 2 * differing / bits.

    For an encoder that must say "nothing to search for" by NaN, which packed bits cannot. With `views` a row holds so
    many codes side by side: the first of a gallery row is kept, and a query scores by the nearest of all its own.
    """

    metric: Metric = "cosine"

    def __init__(self, views: int = 1) -> None:
        self.views = views
        self._bits = 0
        self._codes = np.empty((0, 0), dtype=np.uint8)

    def add(self, vectors: np.ndarray) -> None:
        """Keep the signs of the first view of gallery rows (n, views * bits) float32; 0 counts as minus."""
        self._bits = vectors.shape[1] // self.views
        self._codes = whole_words(np.packbits(vectors[:, : self._bits] > 0, axis=1))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k gallery rows whose signs differ least from a view of each query: ids (q, k) int32, scores float32."""
        k = min(k, len(self._codes))
        if not len(vectors) or not k:
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        signs = vectors.reshape(len(vectors) * self.views, self._bits) > 0
        found = least_differing(self._codes, whole_words(np.packbits(signs, axis=1)), k)
        ids, differing = found if self.views == 1 else _best_of_views(*found, self.views)
        return ids, 1 - differing.astype(np.float32) * (2 / self._bits)

    @property
    def own_comparison(self) -> bool:
        """Whether the cosine of whole rows is not what it scores by: no other index may stand in for it then."""
        return self.views > 1

    @property
    def nbytes(self) -> int:
        """Bytes of the codes."""
        return self._codes.nbytes


def _best_of_views(ids: np.ndarray, differing: np.ndarray, views: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best (q, k) of what each of a query's views found (q * views, k).

    A row that is among the k best of all is among those of the view that it differs least from.
    """
    queries, k = len(ids) // views, ids.shape[1]
    best_ids, best = np.empty((2, queries, k), dtype=np.int32)
    for place in range(queries):
        rows, bits = (part[place * views : (place + 1) * views].ravel() for part in (ids, differing))
        order = np.lexsort((rows, bits))
        _, first = np.unique(rows[order], return_index=True)
        chosen = order[np.sort(first)[:k]]
        best_ids[place], best[place] = rows[chosen], bits[chosen]
    return best_ids, best
