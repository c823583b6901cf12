"""Pillow's grey conversion and Lanczos resize of many equally large images, bit for bit, as matrix products.

Pillow filters in whole numbers: its weights are multiples of 2^-22, and each of its two passes, along rows and along
columns, rounds to 8 bits. Split in two, such weights fit float32 products whose sums are exact in whatever order they
are added, so BLAS comes to the very same pixels, and needs half the time and memory that float64 would take.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from datasets.imageset import Image

UNITS = 22
"""Binary digits of Pillow's weights (PRECISION_BITS of its Resample.c)."""

COARSE_UNITS = 15
"""Binary digits of the coarse half of a weight: 255 x 2^15 x the sum of an output's |weights|, < 2, is below 2^24."""

TAPS = 1 << (24 - 8 - (UNITS - COARSE_UNITS - 1))
"""Input pixels of an output up to which the fine halves, at most 2^6 units each, sum to less than 2^24 too."""

OUTPUTS = 16
"""Output pixels of one product: neighbours look at nearly the same input pixels, and at few of them all."""

Size = tuple[int, int]
"""Height and width in pixels."""


class Filter(NamedTuple):
    """Weights of the output pixels `outputs`, which look at the input pixels `inputs`.

    (inputs, 2 outputs) float32: their coarse halves side by side, then their fine halves.
    """

    inputs: slice
    outputs: slice
    weights: np.ndarray


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
    # Lanczos looks three output pixels to either side, or three input pixels where it enlarges.
    few = all(6 * max(1, length / outputs) + 2 <= TAPS for length, outputs in zip(shape, size, strict=True))
    return few and _rows_first(shape, size) is not None


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
        coarse, fine = np.split(rows[:, part.inputs] @ part.weights, 2, axis=1)
        out[:, part.outputs] = _rounded(coarse, fine)
    return out.reshape(n, height, length)


def _columns_filtered(pixels: np.ndarray, length: int) -> np.ndarray:
    """Images (n, h, w) float32 with each column resized: (n, length, w) float32."""
    n, height, width = pixels.shape
    out = np.empty((n, length, width), dtype=np.float32)
    for part in filters(height, length):
        coarse, fine = np.split(part.weights.T @ pixels[:, part.inputs], 2, axis=1)
        out[:, part.outputs] = _rounded(coarse, fine)
    return out


def _rounded(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Pixels from the two halves of their sums, which only float64 holds together."""
    sums = np.add(coarse, fine, dtype=np.float64)
    sums += 0.5
    return np.floor(np.clip(sums, 0, 255, out=sums), out=sums)


@lru_cache(maxsize=256)
def filters(length: int, outputs: int) -> tuple[Filter, ...]:
    """Pillow's weights for resizing a row of `length` pixels to `outputs`.

    Pillow tells them itself: 32-bit pixels are filtered by unrounded weights and rounded then, so impulses of 2^22 come
    out as the whole numbers that it filters 8-bit pixels with.
    """
    from PIL import Image as Pillow

    impulses = Pillow.fromarray(np.eye(length, dtype=np.int32) << UNITS)
    weights = np.asarray(impulses.resize((outputs, length), Pillow.Resampling.LANCZOS)) / 2.0**UNITS
    coarse = np.rint(weights * 2.0**COARSE_UNITS) / 2.0**COARSE_UNITS
    parts = []
    for start in range(0, outputs, OUTPUTS):
        some = slice(start, min(start + OUTPUTS, outputs))
        used = np.flatnonzero(weights[:, some].any(axis=1))
        inputs = slice(int(used[0]), int(used[-1]) + 1)
        halves = [coarse[inputs, some], (weights - coarse)[inputs, some]]
        parts.append(Filter(inputs, some, np.hstack(halves).astype(np.float32)))
    return tuple(parts)
