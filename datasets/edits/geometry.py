"""Edits that move pixels: crop, rotation, flip, perspective. What comes into view from outside is one grey."""

import numpy as np

from datasets.imageset import Image


def crop(image: Image, *, kept: float, x: float, y: float) -> Image:
    """A window of `kept` of each side; `x` and `y` from 0 (left, top) to 1 (right, bottom)."""
    height, width = image.shape[:2]
    rows, columns = max(1, round(height * kept)), max(1, round(width * kept))
    top, left = round((height - rows) * y), round((width - columns) * x)
    return image[top : top + rows, left : left + columns].copy()


def rotation(image: Image, *, degrees: float, way: float, grey: float) -> Image:
    """Turned about the centre by `degrees`, to the left where `way` is below a half; the size stays."""
    import cv2

    height, width = image.shape[:2]
    angle = degrees if way < 0.5 else -degrees
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=(int(grey),) * 3)


def flip(image: Image) -> Image:
    """Mirrored left to right."""
    return np.ascontiguousarray(image[:, ::-1])


def perspective(image: Image, *, depth: float, side: float, skew: float, grey: float) -> Image:
    """As seen from a side: the far edge is shorter by `depth` at both ends, the near edges move in by `skew` of that.

    `side` from 0 to 1 says which edge is far: left, top, right, bottom.
    """
    import cv2

    height, width = image.shape[:2]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    seen = np.array([[skew * depth, depth], [1, 0], [1, 1], [skew * depth, 1 - depth]], dtype=np.float32)
    quarter = int(side * 4) % 4
    for _ in range(quarter):  # a quarter turn of the unit square takes (x, y) to (1 - y, x)
        seen = np.stack([1 - seen[:, 1], seen[:, 0]], axis=1)
        corners = np.stack([1 - corners[:, 1], corners[:, 0]], axis=1)
    size = np.array([width, height], dtype=np.float32)
    moved = cv2.getPerspectiveTransform(corners * size, np.ascontiguousarray(seen) * size)
    return cv2.warpPerspective(image, moved, (width, height), flags=cv2.INTER_LINEAR, borderValue=(int(grey),) * 3)
