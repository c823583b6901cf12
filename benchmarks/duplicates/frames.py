"""What is kept of every picture to find its copies by: hashes in all eight orientations, and a thumbnail to check them.

Both show the whole frame squeezed into a square, so that another size or proportion changes neither.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.search.query import is_flat
from datasets.imageset import Image
from methods.duplicates.records import grey_of, packed
from methods.encoders.hash_bits import HIGH_FREQUENCIES, dct_bits

ORIENTATIONS = 8
"""Quarter turns, and those of the mirror image."""
HASH_SIDE = 8
THUMBNAIL = 64

FRAME = np.dtype([("flat", "u1"), ("hashes", "<u8", (ORIENTATIONS,)), ("thumbnail", "u1", (THUMBNAIL, THUMBNAIL))])
"""One picture's row, 4.2 kB. Hash k is that of `turned(picture, k)`."""


class FrameEncoder:
    """Rows (n, bytes of FRAME) uint8; `unpacked` reads them."""

    batch_size = 64

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Each image's frame, packed."""
        frames = np.zeros(len(images), dtype=FRAME)
        for frame, image in zip(frames, images, strict=True):
            grey = grey_of(image)
            frame["flat"] = is_flat(image)
            frame["thumbnail"] = squeezed(grey, THUMBNAIL)
            frame["hashes"] = all_hashes(squeezed(grey, HASH_SIDE * HIGH_FREQUENCIES))
        return packed(frames)


def squeezed(grey: np.ndarray, side: int) -> np.ndarray:
    """A grey picture (h, w) as a square of `side` pixels, whatever its proportions were."""
    import cv2

    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)


def turned(square: np.ndarray, orientation: int) -> np.ndarray:
    """A square picture turned by so many quarters, mirrored as well from the fourth orientation on."""
    quarter = np.rot90(square, orientation % 4)
    return np.fliplr(quarter) if orientation >= ORIENTATIONS // 2 else quarter


def all_hashes(square: np.ndarray) -> np.ndarray:
    """The 64-bit pHash of each orientation of a square thumbnail: (8,) uint64."""
    stack = np.stack([turned(square, orientation) for orientation in range(ORIENTATIONS)]).astype(np.float32)
    return np.packbits(dct_bits(stack, HASH_SIDE), axis=1).view("<u8")[:, 0]
