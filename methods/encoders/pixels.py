"""Raw pixels: the baseline every learned embedding must beat."""

from collections.abc import Sequence

import numpy as np

from datasets.imageset import Image


class Pixels:
    """An image shrunk to side x side RGB and read row by row: (n, 3 * side * side) float32 in 0..1.

    Area averaging shrinks without aliasing; CIFAR-10's 32x32 images pass unchanged at the default side.
    """

    batch_size = 256

    def __init__(self, side: int = 32) -> None:
        self.side = side

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Flattened RGB thumbnails of `images`, (n, 3 * side * side) float32 in 0..1."""
        import cv2

        rows = np.empty((len(images), 3 * self.side * self.side), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            row[:] = cv2.resize(image, (self.side, self.side), interpolation=cv2.INTER_AREA).ravel()
        rows /= 255
        return rows
