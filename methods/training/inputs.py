"""What a network is shown while it learns: batches by position, kept in memory where they fit."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.memory import require_memory
from methods.resizing import resized

KEPT_BYTES = 1 << 30
"""Decoded training images up to this size stay in memory; more are decoded again in every epoch."""

DECODERS = 2
"""Images decoded at once; Pillow and OpenCV leave the interpreter free while they work."""

View = Callable[[Image], Image]
"""The part of an image that a network looks at."""


class Inputs(Protocol):
    """Network inputs by position."""

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The inputs (n, ...) at `positions`."""
        ...


def whole(image: Image) -> Image:
    """All of it."""
    return image


def prepared(images: Sequence[Image], size: tuple[int, int], view: View = whole) -> np.ndarray:
    """Images of any sizes as (n, height, width, 3) uint8: the view of each, stretched to `size`."""
    pixels = np.empty((len(images), *size, 3), dtype=np.uint8)
    for place, image in zip(pixels, images, strict=True):
        place[:] = resized(view(image), size)
    return pixels


class Pictures:
    """Inputs (n, height, width, 3) uint8 of an image set, decoded once if they take `KEPT_BYTES` or less."""

    def __init__(self, images: ImageSet, size: tuple[int, int], view: View = whole) -> None:
        self._images = images
        self._size = size
        self._view = view
        fits = len(images) * size[0] * size[1] * 3 <= KEPT_BYTES
        self._kept = self._decoded(np.arange(len(images))) if fits else None

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The pictures at `positions`."""
        return self._decoded(positions) if self._kept is None else self._kept[positions]

    def _decoded(self, positions: np.ndarray) -> np.ndarray:
        pixels = np.empty((len(positions), *self._size, 3), dtype=np.uint8)

        def decode(place: int) -> None:
            pixels[place] = resized(self._view(self._images[int(positions[place])]), self._size)

        with ThreadPoolExecutor(DECODERS) as pool:
            list(pool.map(decode, range(len(positions))))
        return pixels


class Scaled:
    """Other inputs, put through a function each time they are taken."""

    def __init__(self, inputs: Inputs, function: Callable[[np.ndarray], np.ndarray]) -> None:
        self._inputs = inputs
        self._function = function

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The function's values (n, ...) float32."""
        return self._function(self._inputs.take(positions))


class Activations:
    """What the frozen lower part of a network makes of each input: computed once, then kept as (n, ...) float32."""

    def __init__(self, inputs: Inputs, count: int, frozen: Callable[[np.ndarray], np.ndarray], batch: int = 32) -> None:
        chunks = [np.arange(start, min(start + batch, count)) for start in range(0, count, batch)]
        first = frozen(inputs.take(chunks[0]))
        require_memory(count * first[0].nbytes, f"keeping the activations of {count:,} training images")
        self._kept = np.empty((count, *first.shape[1:]), dtype=np.float32)
        self._kept[chunks[0]] = first
        for chunk in chunks[1:]:
            self._kept[chunk] = frozen(inputs.take(chunk))

    def take(self, positions: np.ndarray) -> np.ndarray:
        """The activations at `positions`."""
        return self._kept[positions]


def augmented(pictures: np.ndarray, flip: bool, shift: int, rng: np.random.Generator) -> np.ndarray:
    """(n, h, w, 3) mirrored at random and moved by up to `shift` pixels either way, edges repeated."""
    if flip:
        mirrored = rng.random(len(pictures)) < 0.5
        pictures = np.where(mirrored[:, None, None, None], pictures[:, :, ::-1], pictures)
    if shift:
        height, width = pictures.shape[1:3]
        moves = rng.integers(-shift, shift + 1, (2, len(pictures), 1))
        rows = np.clip(np.arange(height) + moves[0], 0, height - 1)
        columns = np.clip(np.arange(width) + moves[1], 0, width - 1)
        pictures = pictures[np.arange(len(pictures))[:, None, None], rows[:, :, None], columns[:, None, :]]
    return pictures
