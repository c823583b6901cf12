"""All descriptors of a gallery in one inverted file: approximate nearest neighbours, and the images they come from."""

from collections.abc import Iterator, Mapping, Sequence
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

_NONE = np.empty(0, np.int32)


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

    def __init__(
        self, images: Sequence[np.ndarray], nprobe: int, lists: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """`lists` are those that `learn_lists` made of the same images; None: they are learned now."""
        self._starts = np.concatenate([[0], np.cumsum([len(rows) for rows in images])]).astype(np.int64)
        self._index: Any = None
        if self._starts[-1]:
            self._index = _filled(np.concatenate(images), learn_lists(images) if lists is None else lists)
            self._index.nprobe = min(nprobe, self._index.nlist)

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


def learn_lists(images: Sequence[np.ndarray], seed: int = 0) -> dict[str, np.ndarray]:
    """What takes the time of building an index of descriptors (n_i, 128) uint8 each: arrays that may be kept.

    Of k lists the `centroids` (k, 128) float32, how a byte stands for a number (`codec`, float32, faiss' own), and of
    all n descriptors the `list` (n,) int32 each belongs to.
    """
    import faiss

    descriptors = np.concatenate(images) if images else np.empty((0, DIMENSIONS), np.uint8)
    lists = min(round(2 * len(descriptors) ** 0.5), len(descriptors))
    if not lists:
        return {"centroids": np.empty((0, DIMENSIONS), np.float32), "codec": np.empty(0, np.float32), "list": _NONE}
    index, centroids = _empty_file(lists)
    index.cp.niter, index.cp.seed, index.cp.min_points_per_centroid = ROUNDS, seed, 1
    size = min(lists * SAMPLE_PER_LIST, len(descriptors))
    sample = np.random.default_rng(seed).choice(len(descriptors), size, replace=False)
    index.train(unit_descriptors(descriptors[sample], root=True))
    nearest = [centroids.assign(part, 1)[:, 0] for part in _units(descriptors)]
    return {
        "centroids": centroids.reconstruct_n(0, lists),
        "codec": faiss.vector_to_array(index.sq.trained),
        "list": np.concatenate(nearest).astype(np.int32),
    }


def _filled(descriptors: np.ndarray, lists: Mapping[str, np.ndarray]) -> Any:
    import faiss

    index, centroids = _empty_file(len(lists["centroids"]))
    centroids.add(lists["centroids"])
    faiss.copy_array_to_vector(lists["codec"], index.sq.trained)
    index.is_trained = True
    numbers = lists["list"].astype(np.int64)
    for start, part in zip(range(0, len(descriptors), CHUNK), _units(descriptors), strict=True):
        chosen = numbers[start : start + CHUNK]
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(chosen))
    return index


def _empty_file(lists: int) -> tuple[Any, Any]:
    """An inverted file of so many lists, and what its centroids are to lie in."""
    import faiss

    centroids = faiss.IndexFlatIP(DIMENSIONS)
    kind = faiss.ScalarQuantizer.QT_8bit
    return faiss.IndexIVFScalarQuantizer(centroids, DIMENSIONS, lists, kind, faiss.METRIC_INNER_PRODUCT), centroids


def _units(descriptors: np.ndarray) -> Iterator[np.ndarray]:
    """CHUNK after CHUNK of them, float32 and of length 1."""
    for start in range(0, len(descriptors), CHUNK):
        yield unit_descriptors(descriptors[start : start + CHUNK], root=True)
