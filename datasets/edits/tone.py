"""Edits that leave every pixel in its place: compression, colour, blur; and the size."""

import numpy as np

from datasets.imageset import Image


def jpeg(image: Image, *, quality: float) -> Image:
    """Saved as JPEG at `quality` (1 to 100)."""
    import cv2

    quality_flag = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality_flag)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def colour(image: Image, *, brightness: float, contrast: float, saturation: float, hue: float) -> Image:
    """Factors of brightness, contrast (about the mean) and saturation, and a turn of the hue in degrees."""
    import cv2

    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + hue / 2) % 180  # OpenCV keeps half degrees
    hsv[..., 1] *= saturation
    turned = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.float32)
    toned = (turned - turned.mean()) * contrast + turned.mean() * brightness
    return np.clip(toned, 0, 255).round().astype(np.uint8)


def blur(image: Image, *, sigma: float) -> Image:
    """Gaussian blur; `sigma` is a share of the longer side."""
    import cv2

    return cv2.GaussianBlur(image, (0, 0), max(0.1, sigma * max(image.shape[:2])))


def resize(image: Image, *, size: float) -> Image:
    """Both sides times `size`."""
    import cv2

    height, width = (max(1, round(side * size)) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
