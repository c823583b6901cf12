"""Records of one layout as rows of bytes, which is how they are kept."""

import numpy as np

from datasets.imageset import Image


def packed(records: np.ndarray) -> np.ndarray:
    """Records (n,) as rows (n, bytes) uint8."""
    return records.view(np.uint8).reshape(len(records), records.dtype.itemsize)


def unpacked(row: np.ndarray, layout: np.dtype) -> np.ndarray:
    """One row (bytes,) uint8 as a record of that layout."""
    return np.ascontiguousarray(row).view(layout)[0]


def grey_of(image: Image) -> np.ndarray:
    """(h, w) uint8."""
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
