"""Pillow's grey conversion and Lanczos resize of many equally large images, bit for bit, as matrix products.

Pillow filters in whole numbers: its weights are multiples of 2^-22, and each of its two passes, along rows and along
columns, rounds to 8 bits. A float32 product comes near enough to those sums to say which whole number is nearest, but
for the few that lie within its error of a half: they are summed once more in float64, which is exact here.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from datasets.imageset import Image

UNITS = 22
"""Binary digits of Pillow's weights (PRECISION_BITS of its Resample.c)."""

OUTPUTS = 16
"""Output pixels of one product: neighbours look at nearly the same input pixels, and at few of them all."""

LONGEST = 4096
"""Longest side in pixels that is resized here: Pillow's weights for it come out of a square of that side (64 MB)."""

Size = tuple[int, int]
"""Height and width in pixels."""


class Filter(NamedTuple):
    """Weights of the output pixels `outputs`, which look at the input pixels `inputs`."""

    inputs: slice
    outputs: slice
    exact: np.ndarray
    """(outputs, inputs) float64, as Pillow has them."""
    weights: np.ndarray
    """The same in float32."""
    error: float
    """Most that a float32 sum of pixels, in whatever order, and half a grey level may be off (see `_error`)."""


def grey(images: Sequence[Image]) -> np.ndarray:
    """Equally large RGB images as Pillow's convert("L") has them: (n, height, width) whole numbers, float32.

    It adds multiples of 2^-16 and a half, which is exact in float32, and cuts the fraction off.
    """
    import cv2

    luma = np.array([[19595, 38470, 7471, 1 << 15]], dtype=np.float32) / (1 << 16)
    pixels = np.empty((len(images), *images[0].shape[:2]), dtype=np.float32)
    for place, image in zip(pixels, images, strict=True):
        np.floor(cv2.transform(image.astype(np.float32), luma), out=place)
    return pixels


def can_resize(shape: Size, size: Size) -> bool:
    """Whether `resize` comes to the pixels of the Pillow that is installed."""
    return max(shape) <= LONGEST and _rows_first(shape, size) is not None


def resize(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Grey images (n, h, w), whole numbers 0-255, as Pillow's LANCZOS has them at `size`: (n, *size) uint8."""
    pixels = pixels.astype(np.float32, copy=False)
    return _resize(pixels, size, rows_first=bool(_rows_first(pixels.shape[1:], size))).astype(np.uint8)


@lru_cache(maxsize=256)
def _rows_first(shape: Size, size: Size) -> bool | None:
    """Whether Pillow filters along rows first; None where its pixels come out neither way.

    That depends on its version and on the sizes. A try on black and white noise tells, which is clipped between passes.
    """
    from PIL import Image as Pillow

    noise = np.random.default_rng(0).choice(np.array([0, 255], dtype=np.uint8), shape)
    expected = np.asarray(Pillow.fromarray(noise).resize(size[::-1], Pillow.Resampling.LANCZOS))
    for rows_first in (True, False):
        if np.array_equal(_resize(noise[None].astype(np.float32), size, rows_first)[0], expected):
            return rows_first
    return None


def _resize(pixels: np.ndarray, size: Size, rows_first: bool) -> np.ndarray:
    height, width = size
    if rows_first:
        return _columns_filtered(_rows_filtered(pixels, width), height)
    return _rows_filtered(_columns_filtered(pixels, height), width)


def _rows_filtered(pixels: np.ndarray, length: int) -> np.ndarray:
    """Images (n, h, w) float32 with each row resized: (n, h, length) float32."""
    n, height, width = pixels.shape
    rows = pixels.reshape(n * height, width)
    out = np.empty((n * height, length), dtype=np.float32)
    for part in filters(width, length):
        seen = rows[:, part.inputs]

        def summed(row: np.ndarray, output: np.ndarray, seen: np.ndarray = seen, part: Filter = part) -> np.ndarray:
            return np.einsum("mi,mi->m", seen[row], part.exact[output])

        out[:, part.outputs] = _rounded(seen @ part.weights.T, part.error, summed)
    return out.reshape(n, height, length)


def _columns_filtered(pixels: np.ndarray, length: int) -> np.ndarray:
    """Images (n, h, w) float32 with each column resized: (n, length, w) float32."""
    n, height, width = pixels.shape
    out = np.empty((n, length, width), dtype=np.float32)
    for part in filters(height, length):
        seen = pixels[:, part.inputs]

        def summed(
            image: np.ndarray, output: np.ndarray, column: np.ndarray, seen: np.ndarray = seen, part: Filter = part
        ) -> np.ndarray:
            return np.einsum("mi,mi->m", seen[image, :, column], part.exact[output])

        out[:, part.outputs] = _rounded(part.weights @ seen, part.error, summed)
    return out


def _rounded(sums: np.ndarray, error: float, summed: Callable[..., np.ndarray]) -> np.ndarray:
    """Pixels of float32 `sums` that are `error` off at most; `summed(*positions)` are the exact ones of some."""
    pixels = np.floor(sums + np.float32(0.5 - error))
    unsure = np.flatnonzero(np.floor(sums + np.float32(0.5 + error)) != pixels)
    if len(unsure):
        exact = summed(*np.unravel_index(unsure, sums.shape))
        pixels.reshape(-1)[unsure] = np.floor(exact + 0.5)
    return np.clip(pixels, 0, 255, out=pixels)


@lru_cache(maxsize=256)
def filters(length: int, outputs: int) -> tuple[Filter, ...]:
    """Pillow's weights for resizing a row of `length` pixels to `outputs`.

    Pillow tells them itself: 32-bit pixels are filtered by unrounded weights and rounded then, so impulses of 2^22 come
    out as the whole numbers that it filters 8-bit pixels with.
    """
    from PIL import Image as Pillow

    impulses = Pillow.fromarray(np.eye(length, dtype=np.int32) << UNITS)
    weights = np.asarray(impulses.resize((outputs, length), Pillow.Resampling.LANCZOS)) / 2.0**UNITS
    parts = []
    for start in range(0, outputs, OUTPUTS):
        some = slice(start, min(start + OUTPUTS, outputs))
        used = np.flatnonzero(weights[:, some].any(axis=1))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        exact = np.ascontiguousarray(weights[inputs, some].T)
        parts.append(Filter(inputs, some, exact, exact.astype(np.float32), _error(exact)))
    return tuple(parts)


def _error(weights: np.ndarray) -> float:
    """Bound on the error of a float32 sum of pixels by `weights` (outputs, inputs), and of half a grey level added.

    An inner product of n terms is off by at most n u / (1 - n u) times the sum of their magnitudes, in any order, with
    or without fused operations (Higham 2002, section 3.1), u = 2^-24; rounding the weights adds u, and the result,
    which is below 512, is rounded twice more.
    """
    unit = 2.0**-24
    terms = (weights.shape[1] + 1) * unit
    return float(terms / (1 - terms) * 255 * np.abs(weights).sum(axis=1).max() + 2 * 512 * unit)
