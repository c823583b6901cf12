"""A gallery of descriptors of bits, searched image by image at the speed of faiss' popcounts."""

from collections.abc import Sequence

import numpy as np

from methods.indexes.differing_bits import differing_bits, whole_words

NONE = np.iinfo(np.int32).max
"""A distance where there is no descriptor."""
_CHUNK = 1 << 15
"""Distances in each of three working arrays (128 KiB: they should stay in the processor's cache)."""


class BinaryBank:
    """Descriptors of n images by slot: slot f holds the f-th descriptor of every image that has that many.

    One call a slot compares a query with all those images, and two running minima keep each query descriptor's nearest
    and second nearest in every image. Images are kept in order of falling counts, as in `sift_bank.DescriptorBank`.
    """

    def __init__(self, descriptors: Sequence[np.ndarray]) -> None:
        """`descriptors` are (count, bytes) uint8 an image."""
        counts = np.array([len(rows) for rows in descriptors], dtype=np.int64)
        self._order = np.argsort(-counts, kind="stable")
        having = [self._order[: np.count_nonzero(counts > slot)] for slot in range(counts.max(initial=0))]
        self._slots = [
            whole_words(np.stack([descriptors[image][slot] for image in images])) for slot, images in enumerate(having)
        ]

    def __len__(self) -> int:
        return len(self._order)

    @property
    def nbytes(self) -> int:
        """Bytes of the descriptors and of the images' order."""
        return self._order.nbytes + sum(slot.nbytes for slot in self._slots)

    def passing(self, query: np.ndarray, ratio: float) -> np.ndarray:
        """How many of the descriptors (m, bytes) of a query pass the ratio test in each image: (n,) float32."""
        counts = np.zeros(len(self), dtype=np.float32)
        if not len(query):
            return counts
        words = whole_words(query)
        step = max(1, _CHUNK // len(query))
        for start in range(0, len(self), step):
            nearest, second = self._two_nearest(slice(start, start + step), words)
            passed = (nearest < ratio * second) & (second < NONE)
            counts[self._order[start : start + step]] = np.count_nonzero(passed, axis=0)
        return counts

    def _two_nearest(self, images: slice, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bits that differ from the nearest and second nearest (m, images), in the bank's order; NONE for none."""
        shape = len(query), len(self._order[images])
        nearest, second = np.full(shape, NONE, dtype=np.int32), np.full(shape, NONE, dtype=np.int32)
        for slot in self._slots:
            rows = slot[images]
            if not len(rows):
                break
            found = differing_bits(query, rows)
            near, next_near = nearest[:, : len(rows)], second[:, : len(rows)]
            np.minimum(next_near, np.maximum(near, found), out=next_near)
            np.minimum(near, found, out=near)
        return nearest, second


def pair_passing(query: np.ndarray, image: np.ndarray, ratio: float) -> int:
    """`BinaryBank.passing` of a single image's descriptors."""
    if not len(query) or len(image) < 2:
        return 0
    found = np.partition(differing_bits(whole_words(query), whole_words(image)), 1, axis=1)
    return int(np.count_nonzero(found[:, 0] < ratio * found[:, 1]))
