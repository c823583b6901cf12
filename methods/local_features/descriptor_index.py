"""All descriptors of a gallery in one inverted file: approximate nearest neighbours, and the images they come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from methods.sift_features import DIMENSIONS, unit_descriptors

SAMPLE_PER_LIST = 40
"""Descriptors clustered for each list."""

ROUNDS = 10
"""Of KMeans."""

CHUNK = 1 << 16
"""Descriptors made float32 and added at a time (32 MiB)."""


@dataclass(frozen=True)
class Neighbours:
    """For m query descriptors their k nearest, nearest first, all (m, k); a place that none fills has distance inf.

    `squared` distances of unit vectors, float32; `image` and `row` within it, int64, -1 where there is none.
    """

    squared: np.ndarray
    image: np.ndarray
    row: np.ndarray


class DescriptorIndex:
    """RootSIFT descriptors (n, 128) uint8 of many images, a byte a number, in faiss's IVF (Jegou et al., PAMI 2011).

    There are 2 sqrt(descriptors) lists; a query descriptor looks into the `nprobe` whose centroids are nearest.
    """

    def __init__(self, images: Sequence[np.ndarray], nprobe: int, seed: int = 0) -> None:
        self._starts = np.concatenate([[0], np.cumsum([len(rows) for rows in images])]).astype(np.int64)
        self._index: Any = None
        if self._starts[-1]:
            self._index = _inverted_file(images, nprobe, seed)

    def search(self, query: np.ndarray, k: int) -> Neighbours:
        """The nearest of query descriptors (m, 128) uint8."""
        if self._index is None or not len(query):
            shape = (len(query), k)
            return Neighbours(np.full(shape, np.inf, np.float32), np.full(shape, -1), np.full(shape, -1))
        similarity, ids = self._index.search(unit_descriptors(query, root=True), k)
        found = ids >= 0
        image = np.where(found, np.searchsorted(self._starts, ids, side="right") - 1, -1)
        squared = np.maximum(2 - 2 * np.where(found, similarity, np.float32(-np.inf)), 0)
        return Neighbours(squared, image, np.where(found, ids - self._starts[image], -1))

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and their numbers, of the centroids and of where each image starts."""
        if self._index is None:
            return self._starts.nbytes
        centroids = self._index.nlist * self._index.d * 4
        return self._index.ntotal * (self._index.code_size + 8) + centroids + self._starts.nbytes


def _inverted_file(images: Sequence[np.ndarray], nprobe: int, seed: int) -> Any:
    import faiss

    descriptors = np.concatenate(images)
    lists = min(round(2 * len(descriptors) ** 0.5), len(descriptors))
    centroids = faiss.IndexFlatIP(DIMENSIONS)
    index = faiss.IndexIVFScalarQuantizer(
        centroids, DIMENSIONS, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.nprobe = min(nprobe, lists)
    index.cp.niter, index.cp.seed, index.cp.min_points_per_centroid = ROUNDS, seed, 1
    size = min(lists * SAMPLE_PER_LIST, len(descriptors))
    sample = np.random.default_rng(seed).choice(len(descriptors), size, replace=False)
    index.train(unit_descriptors(descriptors[sample], root=True))
    for start in range(0, len(descriptors), CHUNK):
        index.add(unit_descriptors(descriptors[start : start + CHUNK], root=True))
    return index
