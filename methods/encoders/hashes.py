"""Perceptual hashes, bit for bit those of the imagehash package, packed eight bits to a byte."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from datasets.errors import UnknownNameError
from datasets.imageset import Image
from methods.encoders import lanczos
from methods.encoders.hash_bits import (
    HIGH_FREQUENCIES,
    dct_bits,
    gradient_bits,
    mean_bits,
    wavelet_bits,
    wavelet_scale,
)
from methods.small_products import one_blas_thread

FUNCTIONS = {"phash": "phash", "dhash": "dhash", "ahash": "average_hash", "whash": "whash"}
"""Our name -> imagehash's: DCT, horizontal gradient, mean brightness, Haar wavelet."""

TOGETHER = 4
"""Equally large images from which on hashing them together is faster than one by one."""

TASK_PIXELS = 1 << 20
"""Pixels that one task hashes together at best (16 images of 250 x 250): more do not stay in the caches."""

LARGE = 1 << 20
"""Pixels above which an image is hashed by itself: together, a task's float copies would take 30 MB and more."""


class PerceptualHash:
    """`hash_size` squared bits an image, bit for bit those of imagehash; compare them by Hamming distance.

    Equally large images are hashed together, on as many threads as OpenCV has; others, and large ones, by imagehash
    itself. The wavelet hash needs a `hash_size` that is a power of two.
    """

    batch_size = 256

    def __init__(self, kind: str = "phash", hash_size: int = 8) -> None:
        if kind not in FUNCTIONS:
            raise UnknownNameError(f"unknown hash {kind!r}; choose one of {', '.join(FUNCTIONS)}")
        if hash_size < 2 or (kind == "whash" and hash_size & (hash_size - 1)):
            raise ValueError(f"{kind} cannot have hash_size {hash_size}: it must be at least 2 (whash: a power of 2)")
        self.kind = kind
        self.hash_size = hash_size

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Packed hashes of `images`, (n, ceil(hash_size^2 / 8)) uint8, first bit highest (np.packbits)."""
        bits = np.empty((len(images), self.hash_size**2), dtype=bool)

        def work(positions: Sequence[int]) -> None:
            some = [images[position] for position in positions]
            bits[positions] = self._bits(some)

        _on_threads(work, _tasks(images))
        return np.packbits(bits, axis=1)

    def _bits(self, images: Sequence[Image]) -> np.ndarray:
        """Bits (n, hash_size^2) bool of equally large images."""
        shape = images[0].shape[:2]
        thumbnail = self._thumbnail(*shape)
        if len(images) < TOGETHER or not lanczos.can_resize(shape, thumbnail):
            return self._one_by_one(images)
        return self._thumbnail_bits(lanczos.resize(lanczos.grey(images), thumbnail))

    def _one_by_one(self, images: Sequence[Image]) -> np.ndarray:
        import imagehash
        from PIL import Image as Pillow

        function = getattr(imagehash, FUNCTIONS[self.kind])
        return np.array([function(Pillow.fromarray(i), hash_size=self.hash_size).hash.ravel() for i in images])

    def _thumbnail(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the thumbnail that an image of `height` x `width` pixels is judged by."""
        size = self.hash_size
        if self.kind == "phash":
            return (size * HIGH_FREQUENCIES, size * HIGH_FREQUENCIES)
        if self.kind == "whash":
            side = wavelet_scale(height, width, size)
            return (side, side)
        return (size, size + 1) if self.kind == "dhash" else (size, size)

    def _thumbnail_bits(self, pixels: np.ndarray) -> np.ndarray:
        if self.kind == "phash":
            return dct_bits(pixels, self.hash_size)
        if self.kind == "whash":
            return wavelet_bits(pixels, self.hash_size)
        return gradient_bits(pixels) if self.kind == "dhash" else mean_bits(pixels)


def _tasks(images: Sequence[Image]) -> list[list[int]]:
    """Positions of equally large images, some TASK_PIXELS at a time."""
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for position, image in enumerate(images):
        by_shape[image.shape].append(position)
    tasks = []
    for (height, width, _), positions in by_shape.items():
        pixels = height * width
        step = 1 if pixels > LARGE else max(TOGETHER, TASK_PIXELS // pixels)
        tasks += [positions[start : start + step] for start in range(0, len(positions), step)]
    return tasks


def _on_threads(work: Callable[[list[int]], None], tasks: list[list[int]]) -> None:
    if len(tasks) == 1:
        work(tasks[0])
        return
    from concurrent.futures import ThreadPoolExecutor

    import cv2

    with one_blas_thread(), ThreadPoolExecutor(max(1, cv2.getNumThreads())) as pool:
        list(pool.map(work, tasks))
