"""What a cascade does to pixels, on numpy and OpenCV, for networks that run on anything."""

from collections.abc import Callable
from typing import Any

import numpy as np

Network = Callable[[np.ndarray], list[np.ndarray]]
"""Of a batch (n, ...) float32: every output (n, ...) float32."""


class PlainNetworks:
    """What a Cascade runs, of three networks that take arrays: see `methods.faces.cascade.Networks`."""

    def __init__(self, proposal: Network, refinement: Network, output: Network) -> None:
        self._proposal, self._refinement, self._output = proposal, refinement, output

    def pixels(self, images: np.ndarray) -> np.ndarray:
        """Float32 of -1 to 1."""
        return (images.astype(np.float32) - 127.5) / 128.0

    def propose(self, pixels: np.ndarray, size: tuple[int, int]) -> Any:
        """The proposal network's answers at one scale."""
        import cv2

        height, width = size
        return self._proposal(
            np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in pixels])
        )

    def refine(self, pixels: np.ndarray, boxes: np.ndarray, image: np.ndarray) -> Any:
        """The refinement network's."""
        return self._refinement(crops(pixels, boxes, image, 24))

    def finish(self, pixels: np.ndarray, boxes: np.ndarray, image: np.ndarray) -> Any:
        """The output network's."""
        return self._output(crops(pixels, boxes, image, 48))


def crops(pixels: np.ndarray, boxes: np.ndarray, image: np.ndarray, side: int) -> np.ndarray:
    """The boxes as (m, side, side, 3), bilinear, 0 where they leave the image: TensorFlow's `crop_and_resize`."""
    height, width = pixels.shape[1:3]
    grid = np.arange(side, dtype=np.float32) / (side - 1)
    top_edge, left_edge, bottom_edge, right_edge = boxes.T[:, :, None]
    x = (left_edge + (right_edge - left_edge) * grid) * (width - 1)
    y = (top_edge + (bottom_edge - top_edge) * grid) * (height - 1)
    inside = ((y >= 0) & (y <= height - 1))[:, :, None] & ((x >= 0) & (x <= width - 1))[:, None, :]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    along, down = (x - left)[:, None, :, None], (y - top)[:, :, None, None]
    source = image[:, None, None]

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return pixels[source, rows[:, :, None], columns[:, None, :]]

    upper = at(top, left) * (1 - along) + at(top, right) * along
    lower = at(bottom, left) * (1 - along) + at(bottom, right) * along
    return (upper * (1 - down) + lower * down) * inside[..., None]
