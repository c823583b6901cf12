"""What a group says of each picture, and which of its copies is the one to keep."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datasets.imageset import Image

SAME_SIZE = 0.95
"""Of the most pixels: what has as many is as large."""
SAME_SHARPNESS = 0.9


@dataclass(frozen=True)
class Picture:
    """One file of a group. `id` is its number in the gallery, `path` its name below the folder, safe to show."""

    id: int
    path: str
    content: str
    """The sha256 of its bytes, in hex: the same file twice has one content."""
    score: float
    """Of its likeness to the group's hub (see `groups`); that of the hub is its best."""
    width: int = 0
    """0 where it could not be read any more."""
    height: int = 0
    bytes: int = 0
    sharpness: float = 0.0
    """Mean steepness of its brightness, in grey levels a pixel, at one million pixels or fewer."""
    flat: bool = False


def sharpness_of(image: Image) -> float:
    """Mean absolute Laplacian of the brightness, of a large picture after it was shrunk to a million pixels."""
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if grey.size > 1 << 20:
        scale = (grey.size / (1 << 20)) ** -0.5
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def best_first(pictures: Sequence[Picture]) -> list[Picture]:
    """The copy to keep first: most pixels, among those about as large the sharpest, then most bytes, then its name.

    The others follow by their likeness to the hub.
    """
    largest = max(picture.width * picture.height for picture in pictures)
    large = [picture for picture in pictures if picture.width * picture.height >= SAME_SIZE * largest]
    sharpest = max(picture.sharpness for picture in large)
    sharp = [picture for picture in large if picture.sharpness >= SAME_SHARPNESS * sharpest]
    best = min(sharp, key=lambda picture: (-picture.bytes, len(picture.path), picture.path))
    others = [picture for picture in pictures if picture is not best]
    return [best, *sorted(others, key=lambda picture: (picture.content != best.content, -picture.score, picture.path))]
