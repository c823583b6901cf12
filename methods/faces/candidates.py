"""Boxes that may hold a face: the scales they are looked for at, how they move, and which of them cover each other."""

from typing import NamedTuple

import numpy as np

PYRAMID_FACTOR = 0.709
"""Ratio of neighbouring pyramid scales: each halves the area."""
CELL = 12
"""Side in pixels of the window that the proposal network looks at."""
PAIRS_AT_ONCE = 2**15
"""Pairs of boxes that are compared in one go: few enough that they stay in the cache."""


class Candidates(NamedTuple):
    """Boxes of a batch: `image` (m,) positions, `boxes` (m, 4) x1 y1 x2 y2 in pixels, `scores` (m,) probabilities."""

    image: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def at(self, rows: np.ndarray) -> "Candidates":
        """The candidates at `rows` (positions or mask)."""
        return Candidates(self.image[rows], self.boxes[rows], self.scores[rows])


NOTHING = Candidates(np.empty(0, dtype=np.int64), np.empty((0, 4)), np.empty(0))


def pyramid(height: int, width: int, min_face_size: int) -> list[float]:
    """Scales at which a face of `min_face_size` pixels, and every larger one, meets the proposal network's window.

    The last scale is the package's: for a face of 20 pixels it leaves 12 to 17 pixels of the image's shorter side.
    """
    count = round(np.log(CELL / min(height, width)) / np.log(PYRAMID_FACTOR) - 1)
    scales = [CELL / min_face_size * PYRAMID_FACTOR**level for level in range(count)]
    return [scale for scale in scales if int(min(height, width) * scale) >= CELL]


def suppress(found: Candidates, threshold: float, smaller: bool = False) -> np.ndarray:
    """Non-maximum suppression within each image: positions kept, grouped by image, best score first.

    A box goes if a better one, itself kept or not, overlaps it by more than `threshold` of their union (of the
    `smaller` box's area if set). Images with about as many boxes are done together.
    """
    if not len(found.image):
        return np.empty(0, dtype=np.int64)
    by_image = np.argsort(found.image, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(found.image[by_image])) + 1])
    groups = np.split(by_image, starts[1:])
    ranked = np.concatenate([rows[np.argsort(found.scores[rows])[::-1]] for rows in groups])
    beaten = np.zeros(len(ranked), dtype=bool)
    lengths = np.diff(np.append(starts, len(ranked)))
    sizes = 2 ** np.ceil(np.log2(lengths)).astype(np.int64)
    for size in np.unique(sizes[sizes > 1]):
        alike = np.flatnonzero(sizes == size)
        some = max(1, PAIRS_AT_ONCE // size**2)
        for chosen in np.split(alike, range(some, len(alike), some)):
            row = np.arange(lengths[chosen].max())
            places = starts[chosen, None] + row
            there = row < lengths[chosen, None]
            boxes = np.full((*places.shape, 4), np.nan)
            boxes[there] = found.boxes[ranked[places[there]]]
            better = np.triu(overlaps(boxes, smaller) > threshold, k=1)
            beaten[places[there]] = np.any(better, axis=1)[there]
    return ranked[~beaten]


def overlaps(boxes: np.ndarray, smaller: bool = False) -> np.ndarray:
    """Intersection over union (over the smaller area if `smaller`) of each two of `boxes` (..., m, 4): (..., m, m)."""
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    width = _each_two(np.minimum, right) - _each_two(np.maximum, left)
    height = _each_two(np.minimum, bottom) - _each_two(np.maximum, top)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (right - left) * (bottom - top)
    if smaller:
        return shared / _each_two(np.minimum, areas)
    return shared / (_each_two(np.add, areas) - shared)


def _each_two(operation: np.ufunc, values: np.ndarray) -> np.ndarray:
    """`operation` on each two of `values` (..., m): (..., m, m)."""
    return operation(values[..., :, None], values[..., None, :])


def squared(found: Candidates) -> Candidates:
    """The same centres, with both sides as long as the longer one."""
    width_height = found.boxes[:, 2:] - found.boxes[:, :2]
    longest = width_height.max(axis=1, keepdims=True)
    low = found.boxes[:, :2] + width_height / 2 - longest / 2
    return found._replace(boxes=np.concatenate([low, low + longest], axis=1))


def moved(found: Candidates, offsets: np.ndarray, probabilities: np.ndarray) -> Candidates:
    """Corners moved by a network's offsets (m, 4), fractions of the sides; scores from its softmax (m, 2)."""
    boxes = found.boxes + offsets * np.tile(sides(found.boxes), 2)
    return Candidates(found.image, boxes, probabilities[:, 1].astype(np.float64))


def sides(boxes: np.ndarray) -> np.ndarray:
    """Width and height (m, 2) in pixels, both edges included."""
    return boxes[:, 2:] - boxes[:, :2] + 1
