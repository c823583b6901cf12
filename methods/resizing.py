"""Changing an image's size without artefacts."""

from datasets.imageset import Image


def resized(image: Image, size: tuple[int, int]) -> Image:
    """`image` stretched to `size` (height, width): averaging over areas where it shrinks, bilinear where it grows.

    Bilinear interpolation alone skips pixels when it shrinks, and area averaging alone repeats them when it enlarges.
    The channels' order, or their absence, is kept.
    """
    import cv2

    height, width = size
    low, narrow = min(height, image.shape[0]), min(width, image.shape[1])
    if (low, narrow) != image.shape[:2]:
        image = cv2.resize(image, (narrow, low), interpolation=cv2.INTER_AREA)
    if (low, narrow) != size:
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return image
