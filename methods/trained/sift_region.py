"""The most interesting part of an image, by its SIFT keypoints: what report R1 cropped its inputs to."""

import numpy as np

from datasets.imageset import Image

SHARE = 2 / 3
"""Side of the window as a share of the image's shorter side (the report does not say)."""

SEEN = 128
"""Smaller images are enlarged to this shorter side first: SIFT finds next to nothing in 32 pixels."""

_STEP = 8
"""Windows are tried at every eighth of their slack, both ways."""


def interesting_region(image: Image) -> Image:
    """The square window of `image` whose SIFT keypoints have the largest summed response; of equals, the most central.

    Without any keypoint that is the centre. Lowe, "Distinctive Image Features from Scale-Invariant Keypoints" (2004).
    """
    import cv2

    height, width = image.shape[:2]
    side = max(1, round(SHARE * min(height, width)))
    scale = max(1.0, SEEN / min(height, width))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale > 1:
        grey = cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_CUBIC)
    keypoints = cv2.SIFT.create().detect(grey, None)
    points = np.array([keypoint.pt for keypoint in keypoints], dtype=np.float64).reshape(-1, 2) / scale
    responses = np.array([keypoint.response for keypoint in keypoints], dtype=np.float64)
    top, left = _best_corner(points[:, ::-1], responses, side, (height, width))
    return image[top : top + side, left : left + side]


def _best_corner(points: np.ndarray, responses: np.ndarray, side: int, shape: tuple[int, int]) -> tuple[int, int]:
    """(top, left) of the window; `points` (n, 2) are (row, column)."""
    tops, lefts = (np.unique(np.linspace(0, length - side, _STEP + 1).round().astype(int)) for length in shape)
    down = (points[:, 0] >= tops[:, None]) & (points[:, 0] < tops[:, None] + side)
    across = (points[:, 1] >= lefts[:, None]) & (points[:, 1] < lefts[:, None] + side)
    sums = np.einsum("tn,ln,n->tl", down, across, responses)
    off_centre = np.abs(tops + side / 2 - shape[0] / 2)[:, None] + np.abs(lefts + side / 2 - shape[1] / 2)
    best = np.flatnonzero(sums >= sums.max() - 1e-9)
    row, column = np.unravel_index(best[off_centre.flat[best].argmin()], sums.shape)
    return int(tops[row]), int(lefts[column])
