"""Grey pixels of the middle of a picture: what eigenfaces are made of."""

from collections.abc import Sequence

import numpy as np

from datasets.imageset import Image
from methods.resizing import resized


class GreyPixels:
    """The middle of an image at side x side in grey, read row by row: (n, side * side) float32 in 0..1.

    `middle` is the share of the height and of the width that is kept. In portraits the face is there, and what lies
    around it says more about the place than about the person.
    """

    batch_size = 256

    def __init__(self, side: int = 64, middle: float = 1.0) -> None:
        if not 0 < middle <= 1:
            raise ValueError(f"middle is {middle}, but is a share of the image: above 0, at most 1")
        self.side = side
        self.middle = middle

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Flattened grey thumbnails of `images`, (n, side * side) float32 in 0..1."""
        import cv2

        rows = np.empty((len(images), self.side * self.side), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            grey = cv2.cvtColor(self._middle_of(image), cv2.COLOR_RGB2GRAY)
            row[:] = resized(grey, (self.side, self.side)).ravel()
        rows /= 255
        return rows

    def _middle_of(self, image: Image) -> Image:
        height, width = image.shape[:2]
        top, left = (int(length * (1 - self.middle) / 2) for length in (height, width))
        return image[top : height - top, left : width - left]
