"""PDQ, the 256-bit hash of Facebook's ThreatExchange ("The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
algorithm", 2019), by its reference implementation in the package pdqhash.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from datasets.imageset import Image

BITS = 256


class Pdq:
    """An Encoder: (n, views * 256) float32 of -1 and 1 for the bits 0 and 1, to be searched by a SignBitsIndex.

    NaN, "nothing to search for", where PDQ's quality is 0: a picture of one colour, or nearly so, whose bits are noise.
    `views` 8 adds the hashes of the picture's turns and mirror images after its own: all come out of one transform.
    """

    batch_size = 256

    def __init__(self, views: Literal[1, 8] = 1) -> None:
        if views not in (1, 8):
            raise ValueError(f"PDQ has 1 view of a picture or 8 (turned and mirrored), not {views}")
        self.views = views

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Signs (n, views * 256) float32 of `images`; a row of NaN where the quality is 0."""
        import pdqhash

        compute = pdqhash.compute if self.views == 1 else pdqhash.compute_dihedral
        rows = np.full((len(images), self.views * BITS), np.nan, dtype=np.float32)
        for row, image in zip(rows, images, strict=True):
            bits, quality = compute(image)
            if quality > 0:
                row[:] = 2 * np.ravel(bits).astype(np.float32) - 1
        return rows
