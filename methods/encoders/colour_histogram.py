"""Colour histogram (Swain & Ballard 1991): which colours a picture has, and how much of each, but not where."""

from collections.abc import Sequence

import numpy as np

from datasets.imageset import Image

BINS = (16, 4, 4)
"""Of hue, saturation and value, counted jointly: those of MPEG-7's Scalable Color descriptor (ISO/IEC 15938-3)."""

RANGES = (0, 180, 0, 256, 0, 256)
"""OpenCV's 8-bit HSV: hue in steps of two degrees."""


class ColourHistogram:
    """The square roots of the 256 shares of an image's pixels, so that every row is a unit vector.

    The dot product of two rows is then their Bhattacharyya coefficient, and their Euclidean distance is the Hellinger
    distance times sqrt(2): compared so, a large uniform background does not drown the small differences.
    """

    batch_size = 256

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Histograms of `images`, (n, 256) float32 in 0..1, hue slowest."""
        import cv2

        rows = np.empty((len(images), int(np.prod(BINS))), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
            counts = cv2.calcHist([hsv], [0, 1, 2], None, list(BINS), list(RANGES))
            row[:] = np.sqrt(counts.ravel() / (image.shape[0] * image.shape[1]))
        return rows
