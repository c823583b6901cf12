"""MTCNN's cascade on kept networks, in numpy alone: the boxes of methods.faces.cascade without importing TensorFlow.

That module cannot be imported without TensorFlow, which takes longer than a whole search; so its geometry is written
here once more. A test holds both to the same faces.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.search.kept.model import KeptModel

PYRAMID_FACTOR = 0.709
CELL, STRIDE = 12, 2
SCORE_THRESHOLDS = (0.6, 0.7, 0.8)
PROPOSAL = "proposal.xml"
CROPS = {"refinement.xml": 24, "output.xml": 48}
"""The later networks, and the side of what they look at."""


class Found(NamedTuple):
    """Boxes of a batch: `image` (m,) positions, `boxes` (m, 4) x1 y1 x2 y2 in pixels, `scores` (m,)."""

    image: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def at(self, rows: np.ndarray) -> "Found":
        """Those at `rows`."""
        return Found(self.image[rows], self.boxes[rows], self.scores[rows])


class KeptCascade:
    """The three networks from `folder`; a face is at least `min_face_size` pixels."""

    def __init__(self, folder: Path, min_face_size: int) -> None:
        self.min_face_size = min_face_size
        self._propose = KeptModel(folder / PROPOSAL)
        self._refine, self._finish = (KeptModel(folder / name) for name in CROPS)

    def detect(self, images: np.ndarray) -> tuple[Found, np.ndarray]:
        """Faces in `images` (n, height, width, 3) uint8 RGB, and landmarks (m, 5, 2), as Cascade.detect gives them."""
        pixels = (images.astype(np.float32) - 127.5) / 128.0
        found = self._proposals(pixels)
        if len(found.image):
            offsets, probabilities = self._refine(crops(pixels, found, 24))
            found = _moved(found, offsets, probabilities)
            found = found.at(found.scores > SCORE_THRESHOLDS[1])
            found = _squared(found.at(suppress(found, 0.7)))
        if len(found.image):
            return self._finished(pixels, found)
        return found, np.empty((0, 5, 2))

    def _proposals(self, pixels: np.ndarray) -> Found:
        import cv2

        height, width = pixels.shape[1:3]
        levels = [Found(np.empty(0, dtype=np.int64), np.empty((0, 4)), np.empty(0))]
        count = round(np.log(CELL / min(height, width)) / np.log(PYRAMID_FACTOR) - 1)
        for scale in (CELL / self.min_face_size * PYRAMID_FACTOR**level for level in range(count)):
            size = int(width * scale), int(height * scale)
            if min(size) < CELL:
                break
            scaled = np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in pixels])
            offsets, probabilities = self._propose(scaled)
            image, row, column = np.nonzero(probabilities[..., 1] > SCORE_THRESHOLDS[0])
            corner = np.stack([column, row], axis=1) * STRIDE
            cells = np.concatenate([corner + 1, corner + CELL], axis=1)
            boxes = (cells + (CELL - 1) * offsets[image, row, column].astype(np.float64)) / scale
            level = Found(image, boxes, probabilities[image, row, column, 1].astype(np.float64))
            levels.append(level.at(suppress(level, 0.5)))
        found = Found(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))
        return _squared(found.at(suppress(found, 0.7)))

    def _finished(self, pixels: np.ndarray, found: Found) -> tuple[Found, np.ndarray]:
        offsets, points, probabilities = self._finish(crops(pixels, found, 48))
        fractions = points.reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = fractions * _sides(found.boxes)[:, None, :] + found.boxes[:, None, :2] - 1
        found = _moved(found, offsets, probabilities)
        rows = np.flatnonzero(found.scores > SCORE_THRESHOLDS[2])
        rows = rows[suppress(found.at(rows), 0.7, smaller=True)]
        return found.at(rows), landmarks[rows]


def crops(pixels: np.ndarray, found: Found, side: int) -> np.ndarray:
    """The boxes as (m, side, side, 3), bilinear, 0 where they leave the image: TensorFlow's `crop_and_resize`."""
    height, width = pixels.shape[1:3]
    grid = np.arange(side, dtype=np.float32) / (side - 1)
    relative = (found.boxes / [width, height, width, height]).astype(np.float32)
    x = (relative[:, :1] + (relative[:, 2:3] - relative[:, :1]) * grid) * (width - 1)
    y = (relative[:, 1:2] + (relative[:, 3:] - relative[:, 1:2]) * grid) * (height - 1)
    inside = ((y >= 0) & (y <= height - 1))[:, :, None] & ((x >= 0) & (x <= width - 1))[:, None, :]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    along, down = (x - left)[:, None, :, None], (y - top)[:, :, None, None]
    image = found.image[:, None, None]

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return pixels[image, rows[:, :, None], columns[:, None, :]]

    upper = at(top, left) * (1 - along) + at(top, right) * along
    lower = at(bottom, left) * (1 - along) + at(bottom, right) * along
    return (upper * (1 - down) + lower * down) * inside[..., None]


def suppress(found: Found, threshold: float, smaller: bool = False) -> np.ndarray:
    """Non-maximum suppression within each image: positions kept, grouped by image, best score first."""
    kept = []
    for number in np.unique(found.image):
        rows = np.flatnonzero(found.image == number)
        rows = rows[np.argsort(found.scores[rows])[::-1]]
        beaten = np.triu(_overlaps(found.boxes[rows], smaller) > threshold, k=1).any(axis=0)
        kept.append(rows[~beaten])
    return np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)


def _overlaps(boxes: np.ndarray, smaller: bool) -> np.ndarray:
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    if smaller:
        return shared / np.minimum(areas[:, None], areas[None, :])
    return shared / (areas[:, None] + areas[None, :] - shared)


def _squared(found: Found) -> Found:
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    low = found.boxes[:, :2] + sides / 2 - longest / 2
    return found._replace(boxes=np.concatenate([low, low + longest], axis=1))


def _moved(found: Found, offsets: np.ndarray, probabilities: np.ndarray) -> Found:
    boxes = found.boxes + offsets * np.tile(_sides(found.boxes), 2)
    return Found(found.image, boxes, probabilities[:, 1].astype(np.float64))


def _sides(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, 2:] - boxes[:, :2] + 1
