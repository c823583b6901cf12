"""Histograms of oriented gradients (Dalal and Triggs, CVPR 2005)."""

from collections.abc import Sequence

import numpy as np

from datasets.imageset import Image


class Hog:
    """HOG of the image in grey at 64x64: 8x8 cells, 2x2 cells a block, 9 orientations, L2-Hys: 1764-d.

    The detector of the paper slides a 64x128 window; a square window sees the whole of a square image once.
    """

    batch_size = 256
    side = 64

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """HOG descriptors of `images`, (n, 1764) float32 in 0..1; all zero for a picture without edges."""
        import cv2

        block, cell, bins = (16, 16), (8, 8), 9
        hog = cv2.HOGDescriptor((self.side, self.side), block, cell, cell, bins)
        rows = np.empty((len(images), hog.getDescriptorSize()), dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            row[:] = hog.compute(cv2.resize(grey, (self.side, self.side), interpolation=cv2.INTER_AREA))
        return rows
