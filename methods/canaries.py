"""Methods whose figures are known beforehand; a run in which they land elsewhere is a broken run."""

import zlib

import numpy as np

from datasets.imageset import ImageSet
from methods.ranking import Ranking, rank_scores


class ConstantRanking:
    """Every image scores 0, so everything ties: tie-aware metrics land exactly on chance level."""

    def __init__(self) -> None:
        self._size = np.int64(0)

    def fit(self, gallery: ImageSet) -> None:
        """Learn nothing."""

    def index(self, gallery: ImageSet) -> None:
        """Remember how many images there are."""
        self._size = np.int64(len(gallery))

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """The gallery, all of it tied."""
        return rank_scores(np.zeros((len(queries), int(self._size)), dtype=np.float32), k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """0 for every pair."""
        return np.zeros(len(left), dtype=np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the one number kept."""
        return self._size.nbytes


class RandomRanking(ConstantRanking):
    """Uniform scores in [0, 1): metrics scatter about chance level. A draw depends on the ids and the seed alone."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """A random permutation of the gallery for each query."""
        scores = np.empty((len(queries), int(self._size)), dtype=np.float32)
        for row, id in zip(scores, queries.ids, strict=True):
            row[:] = self._generator(id).random(len(row), dtype=np.float32)
        return rank_scores(scores, k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """A random number for each pair."""
        pairs = zip(left.ids, right.ids, strict=True)
        return np.array([self._generator(f"{a}\n{b}").random() for a, b in pairs], dtype=np.float32)

    def _generator(self, text: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(text.encode())])


class Oracle:
    """Ranks by equality of the labels: the upper bound of every metric.

    It alone may see the labels of queries; `reads_query_labels` says so to the conformance checks.
    """

    reads_query_labels = True

    def __init__(self) -> None:
        self._labels = np.empty(0, dtype=np.str_)

    def fit(self, gallery: ImageSet) -> None:
        """Learn nothing."""

    def index(self, gallery: ImageSet) -> None:
        """Keep the gallery's labels."""
        self._labels = gallery.labels

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Score 1 for the images of the query's label, 0 for the rest."""
        return rank_scores((queries.labels[:, None] == self._labels).astype(np.float32), k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """1 where the labels agree, else 0."""
        return (left.labels == right.labels).astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the labels."""
        return self._labels.nbytes
