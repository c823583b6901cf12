"""A gallery of local descriptors, searched image by image at the speed of matrix products."""

from collections.abc import Callable, Sequence
from multiprocessing.pool import ThreadPool
from typing import Literal

import numpy as np

from methods.sift_features import DIMENSIONS, unit_descriptors
from methods.small_products import one_blas_thread

Aggregate = Literal["ratio-count", "mean-distance"]
"""How descriptor matches become one score an image; see `ratio_count` and `mean_distance`."""

CHUNK = 1 << 16
"""Similarities in each of a thread's three working arrays (256 KiB: they should stay in the processor's cache)."""


class DescriptorBank:
    """Descriptors of n images by slot: slot f holds the f-th descriptor of every image that has that many.

    One product per slot compares a query with all those images, and two running maxima keep each query descriptor's
    nearest and second nearest in every image. Images are kept in order of falling counts, which makes the images of
    a slot a prefix of it: no padding, no masks.
    """

    def __init__(self, descriptors: Sequence[np.ndarray], root: bool) -> None:
        self._counts = np.array([len(rows) for rows in descriptors], dtype=np.int64)
        self._order = np.argsort(-self._counts, kind="stable")
        self._place = np.argsort(self._order)
        self._root = root
        self._slots = [
            np.stack([descriptors[image][slot] for image in self._order[: np.count_nonzero(self._counts > slot)]])
            for slot in range(self._counts.max(initial=0))
        ]

    def __len__(self) -> int:
        return len(self._order)

    def descriptors(self, image: int) -> np.ndarray:
        """The descriptors (n, 128) uint8 of one image, in the order they came."""
        place = self._place[image]
        rows = [slot[place] for slot in self._slots[: self._counts[image]]]
        return np.stack(rows) if rows else np.empty((0, DIMENSIONS), dtype=np.uint8)

    @property
    def nbytes(self) -> int:
        """Bytes of the descriptors and of the images' order and counts."""
        books = self._counts.nbytes + self._order.nbytes + self._place.nbytes
        return books + sum(slot.nbytes for slot in self._slots)

    def scores(self, query: np.ndarray, aggregate: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Score (n,) float32 of every image for the descriptors (m, 128) uint8 of a query.

        `aggregate` turns similarities (images, m) of the nearest and second nearest descriptors into scores (images,).
        """
        import cv2

        scores = np.empty(len(self._order), dtype=np.float32)
        vectors = np.ascontiguousarray(unit_descriptors(query, self._root).T)
        step = max(1, CHUNK // max(1, len(query)))

        def score(start: int) -> None:
            images = slice(start, start + step)
            scores[self._order[images]] = aggregate(*self._two_nearest(images, vectors))

        # As many threads as OpenCV may have, each with products of its own, instead of many threads on each product.
        with one_blas_thread(), ThreadPool(max(1, cv2.getNumThreads())) as pool:
            pool.map(score, range(0, len(self._order), step), chunksize=1)
        return scores

    def _two_nearest(self, images: slice, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Nearest and second nearest (images, m) to query vectors (128, m), in the bank's order; -inf for none."""
        nearest = np.full((len(self._order[images]), query.shape[1]), -np.inf, dtype=np.float32)
        second, work = nearest.copy(), np.empty_like(nearest)
        for slot in self._slots:
            rows = slot[images]
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
