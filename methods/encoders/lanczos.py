"""Pillow's grey conversion and Lanczos resize of many equally large images, bit for bit, as matrix products.

Pillow filters in whole numbers: its weights are multiples of 2^-22, and each of its two passes, along rows and along
columns, rounds to 8 bits. Such sums are exact in float64, so BLAS comes to the very same pixels.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from datasets.imageset import Image

UNITS = 22
"""Binary digits of Pillow's weights (PRECISION_BITS of its Resample.c)."""

OUTPUTS = 8
"""Output pixels of one product: neighbours look at nearly the same input pixels, and at few of them all."""

Size = tuple[int, int]
"""Height and width in pixels."""


class Filter(NamedTuple):
    """Weights (inputs, outputs) float64 of the output pixels `outputs`, which look at the input pixels `inputs`."""

    inputs: slice
    outputs: slice
    weights: np.ndarray


def grey(images: Sequence[Image]) -> np.ndarray:
    """Equally large RGB images as Pillow's convert("L") has them: (n, height, width) uint8.

    It adds multiples of 2^-16 and a half, which is exact in float32, and cuts the fraction off.
    """
    import cv2

    luma = np.array([[19595, 38470, 7471, 1 << 15]], dtype=np.float32) / (1 << 16)
    pixels = np.empty((len(images), *images[0].shape[:2]), dtype=np.uint8)
    for place, image in zip(pixels, images, strict=True):
        place[:] = cv2.transform(image.astype(np.float32), luma)
    return pixels


def can_resize(shape: Size, size: Size) -> bool:
    """Whether `resize` comes to the pixels of the Pillow that is installed."""
    return _rows_first(shape, size) is not None


def resize(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Grey images (n, h, w) uint8 as Pillow's LANCZOS has them at `size`: (n, *size) uint8."""
    return _resize(pixels, size, rows_first=bool(_rows_first(pixels.shape[1:], size)))


@lru_cache(maxsize=256)
def _rows_first(shape: Size, size: Size) -> bool | None:
    """Whether Pillow filters along rows first; None where its pixels come out neither way.

    That depends on its version and on the sizes. A try on black and white noise tells, which is clipped between passes.
    """
    from PIL import Image as Pillow

    noise = np.random.default_rng(0).choice(np.array([0, 255], dtype=np.uint8), shape)
    expected = np.asarray(Pillow.fromarray(noise).resize(size[::-1], Pillow.Resampling.LANCZOS))
    for rows_first in (True, False):
        if np.array_equal(_resize(noise[None], size, rows_first)[0], expected):
            return rows_first
    return None


def _resize(pixels: np.ndarray, size: Size, rows_first: bool) -> np.ndarray:
    if not rows_first:
        return _resize(pixels.transpose(0, 2, 1), size[::-1], rows_first=True).transpose(0, 2, 1)
    height, width = size
    along_rows = _filtered(pixels, width)
    return _filtered(along_rows.transpose(0, 2, 1), height).transpose(0, 2, 1)


def _filtered(pixels: np.ndarray, length: int) -> np.ndarray:
    """Images (n, h, w) uint8 with each row resized: (n, h, length) uint8."""
    n, height, width = pixels.shape
    values = pixels.reshape(n * height, width).astype(np.float64)
    out = np.empty((n * height, length), dtype=np.uint8)
    for part in filters(width, length):
        sums = values[:, part.inputs] @ part.weights
        sums += 0.5
        out[:, part.outputs] = np.clip(sums, 0, 255, out=sums)
    return out.reshape(n, height, length)


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
        parts.append(Filter(inputs, some, np.ascontiguousarray(weights[inputs, some])))
    return tuple(parts)
