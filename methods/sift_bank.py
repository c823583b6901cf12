"""A gallery of local descriptors, searched image by image at the speed of matrix products."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from multiprocessing.pool import ThreadPool

import numpy as np

from methods.sift_features import DIMENSIONS, unit_descriptors
from methods.small_products import one_blas_thread

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Makes of similarities (images, m), with the nearest and the second nearest descriptor, an array (images, ...)."""

CHUNK = 1 << 16
"""Similarities in each of a thread's three working arrays (256 KiB: they should stay in the processor's cache)."""


def forms(query: np.ndarray, measures: Mapping[str, Measure]) -> dict[str, np.ndarray]:
    """What the measures make of no image, (0, ...) arrays, for the descriptors (m, 128) of a query."""
    nothing = np.empty((0, len(query)), dtype=np.float32)
    return {name: measure(nothing, nothing) for name, measure in measures.items()}


class DescriptorBank:
    """Descriptors of n images by slot: slot f holds the f-th descriptor of every image that has that many.

    One product per slot compares a query with all those images, and two running maxima keep each query descriptor's
    nearest and second nearest in every image. Images are kept in order of falling counts, which makes the images of
    a slot a prefix of it: no padding, no masks.
    """

    def __init__(self, descriptors: Sequence[np.ndarray], root: bool) -> None:
        """`descriptors` are (count, 128) uint8 an image."""
        self._counts = np.array([len(rows) for rows in descriptors], dtype=np.int64)
        self._order = np.argsort(-self._counts, kind="stable")
        self._place = np.argsort(self._order)
        self._root = root
        having = [np.count_nonzero(self._counts > slot) for slot in range(self._counts.max(initial=0))]
        self._starts = np.concatenate([[0], np.cumsum(having)]).astype(np.int64)
        self._rows = np.empty((self._starts[-1], DIMENSIONS), dtype=np.uint8)
        for slot, (start, end) in enumerate(pairwise(self._starts)):
            np.stack([descriptors[image][slot] for image in self._order[: end - start]], out=self._rows[start:end])

    def __len__(self) -> int:
        return len(self._order)

    def descriptors(self, image: int) -> np.ndarray:
        """The descriptors (n, 128) uint8 of one image, in the order they came."""
        return self._rows[self._starts[: self._counts[image]] + self._place[image]]

    @property
    def nbytes(self) -> int:
        """Bytes of the descriptors and of the images' order and counts."""
        return sum(each.nbytes for each in (self._rows, self._starts, self._counts, self._order, self._place))

    def measured(self, queries: Sequence[np.ndarray], measures: Mapping[str, Measure]) -> list[dict[str, np.ndarray]]:
        """For the descriptors (m, 128) uint8 of each query, what each measure makes of every image: (n, ...) arrays."""
        import cv2

        found = [
            {name: np.empty((len(self), *form.shape[1:]), form.dtype) for name, form in forms(query, measures).items()}
            for query in queries
        ]

        def compare(query: int, images: slice, vectors: np.ndarray) -> None:
            nearest, second = self._two_nearest(images, vectors)
            for name, measure in measures.items():
                found[query][name][self._order[images]] = measure(nearest, second)

        # As many threads as OpenCV may have, each with products of its own, instead of many threads on each product.
        with one_blas_thread(), ThreadPool(max(1, cv2.getNumThreads())) as pool:
            pool.starmap(compare, self._tasks(queries), chunksize=1)
        return found

    def _tasks(self, queries: Sequence[np.ndarray]) -> Iterator[tuple[int, slice, np.ndarray]]:
        """Each query, which images to compare it with, in the bank's order, and its unit vectors (128, m).

        Queries share no product: rounding, which depends on a product's shape, is that of a query asked alone.
        """
        for query, rows in enumerate(queries):
            vectors = np.ascontiguousarray(unit_descriptors(rows, self._root).T)
            step = max(1, CHUNK // max(1, len(rows)))
            for start in range(0, len(self), step):
                yield query, slice(start, min(start + step, len(self))), vectors

    def _two_nearest(self, images: slice, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nearest and second nearest (images, m) to query vectors (128, m), in the bank's order; -inf for none."""
        nearest = np.full((images.stop - images.start, query.shape[1]), -np.inf, dtype=np.float32)
        second, work = nearest.copy(), np.empty_like(nearest)
        for start, end in pairwise(self._starts):
            rows = self._rows[start + images.start : min(start + images.stop, end)]
            if not len(rows):
                break
            _update(nearest[: len(rows)], second[: len(rows)], work[: len(rows)], rows, query, self._root)
        return nearest, second


def _update(
    nearest: np.ndarray, second: np.ndarray, work: np.ndarray, rows: np.ndarray, query: np.ndarray, root: bool
) -> None:
    similarity = np.matmul(unit_descriptors(rows, root), query, out=work)
    np.maximum(second, np.minimum(nearest, similarity), out=second)
    np.maximum(nearest, similarity, out=nearest)
