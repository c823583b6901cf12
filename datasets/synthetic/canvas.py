"""Painting in head units on a square canvas: the grid every part of a face is drawn on."""

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np

Colour: TypeAlias = tuple[float, float, float]
"""sRGB in 0..1; above 1 only for highlights."""
Points: TypeAlias = Sequence[tuple[float, float]] | np.ndarray
"""Corners (u, v) in head units, (n, 2)."""
Window: TypeAlias = tuple[slice, slice]
"""Rows and columns of the canvas."""

SIZE = 208
"""Pixels along each side of the canvas."""
UNIT = 80
"""Pixels in one head unit: half the height of the head from chin (v = 1) to crown (v = -1)."""
LEFT, TOP = -1.3, -1.36
"""The head coordinates (u to the right, v downwards) of the canvas's upper left corner."""

U = ((np.arange(SIZE, dtype=np.float32) + 0.5) / UNIT + LEFT).astype(np.float32)[None, :]
V = ((np.arange(SIZE, dtype=np.float32) + 0.5) / UNIT + TOP).astype(np.float32)[:, None]
_SUBPIXEL_BITS = 4


def bump(u: float, v: float, width: float, height: float) -> np.ndarray:
    """A smooth hill of height 1 at (u, v): a Gaussian of the given standard deviations, (SIZE, SIZE) float32."""
    across = np.exp(-(((U - u) / width) ** 2) / 2)
    down = np.exp(-(((V - v) / height) ** 2) / 2)
    return across * down


def linear(colour: Colour) -> np.ndarray:
    """Light reflected by an sRGB colour, (3, 1, 1) float32. Gamma is taken as 2, for an exact square root."""
    return (np.array(colour, dtype=np.float32) ** 2)[:, None, None]


class Canvas:
    """Reflected light of a surface: `albedo`, (3, SIZE, SIZE) float32, linear; one plane a colour, which is faster."""

    def __init__(self, ground: Colour) -> None:
        self.albedo = np.empty((3, SIZE, SIZE), dtype=np.float32)
        self.albedo[:] = linear(ground)

    def tint(self, mask: np.ndarray, colour: Colour) -> None:
        """Blend `colour` in where `mask`, (SIZE, SIZE) float32 in 0..1, says so."""
        self.albedo += mask * (linear(colour) - self.albedo)

    def glow(self, centre: tuple[float, float], width: float, height: float, colour: Colour, opacity: float) -> None:
        """Blend in a soft spot of `colour`: a Gaussian of the given standard deviations, cut at three of them."""
        low = (centre[0] - 3 * width, centre[1] - 3 * height)
        high = (centre[0] + 3 * width, centre[1] + 3 * height)
        part = _window(_pixels([low, high]), margin=0)
        across = np.exp(-(((U[:, part[1]] - centre[0]) / width) ** 2) / 2)
        down = np.exp(-(((V[part[0]] - centre[1]) / height) ** 2) / 2)
        patch = self.albedo[:, *part]
        patch += (np.float32(opacity) * across * down).astype(np.float32) * (linear(colour) - patch)

    def fill(
        self,
        points: Points,
        colour: Colour,
        opacity: float = 1.0,
        soft: float = 0.0,
        clip: Points | None = None,
    ) -> None:
        """Fill the polygon `points` (head units), inside polygon `clip` only; `soft` blurs its edge (head units)."""
        import cv2

        pixels = _pixels(points)
        part = _window(pixels, soft)
        mask = _blank(part)
        cv2.fillPoly(mask, [_fixed(pixels, part)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
        if clip is not None:
            inside = _blank(part)
            cv2.fillPoly(inside, [_fixed(_pixels(clip), part)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
            mask = np.minimum(mask, inside)
        self._blend(mask, part, colour, opacity, soft)

    def line(
        self,
        points: Points,
        colour: Colour,
        width: float,
        opacity: float = 1.0,
        soft: float = 0.0,
        closed: bool = False,
    ) -> None:
        """Draw a line through `points`, `width` head units thick."""
        import cv2

        pixels = _pixels(points)
        part = _window(pixels, soft + width)
        mask = _blank(part)
        thickness = max(1, round(width * UNIT))
        cv2.polylines(mask, [_fixed(pixels, part)], closed, 255, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        # A line thinner than a pixel is drawn a pixel wide and fainter.
        self._blend(mask, part, colour, opacity * min(1.0, width * UNIT), soft)

    def _blend(self, mask: np.ndarray, part: Window, colour: Colour, opacity: float, soft: float) -> None:
        import cv2

        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * UNIT)
        patch = self.albedo[:, *part]
        patch += (mask * np.float32(opacity / 255)) * (linear(colour) - patch)


def almond(
    centre: tuple[float, float], width: float, rise: float, fall: float, tilt: float = 0.0, points: int = 9
) -> np.ndarray:
    """The outline of an eye or a lip: two arcs between corners `width` either side of `centre`, (2 * points, 2)."""
    t = np.linspace(-1, 1, points)
    arc = 1 - t * t
    upper = np.stack([t * width, -rise * arc - tilt * t], axis=1)
    lower = np.stack([t * width, fall * arc - tilt * t], axis=1)[::-1]
    return np.concatenate([upper, lower]) + centre


def disc(centre: tuple[float, float], across: float, down: float | None = None, points: int = 20) -> np.ndarray:
    """The outline of an ellipse of half-axes `across` and `down` (a circle if one is given), (points, 2)."""
    return _circle(points) * (across, across if down is None else down) + centre


@cache
def _circle(points: int) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _pixels(points: Points) -> np.ndarray:
    return (np.asarray(points, dtype=np.float64) - (LEFT, TOP)) * UNIT - 0.5


def _window(pixels: np.ndarray, margin: float) -> Window:
    """The rows and columns of the canvas that `pixels` touch, with three times `margin` (head units) around them."""
    pad = 3 + 3 * margin * UNIT
    left, top = (min(max(int(p - pad), 0), SIZE - 1) for p in pixels.min(axis=0))
    right, bottom = (int(p + pad) + 1 for p in pixels.max(axis=0))
    return slice(top, min(max(bottom, top + 1), SIZE)), slice(left, min(max(right, left + 1), SIZE))


def _blank(part: Window) -> np.ndarray:
    rows, columns = part
    return np.zeros((rows.stop - rows.start, columns.stop - columns.start), dtype=np.uint8)


def _fixed(pixels: np.ndarray, part: Window) -> np.ndarray:
    """Pixels as OpenCV's fixed-point integers, relative to the corner of `part`."""
    corner = (part[1].start, part[0].start)
    return np.rint((pixels - corner) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
