"""Pictures with detail for tests of copies: shapes and grain, the same for the same seed, unlike for any other."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def photo(seed: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A scene of rectangles, discs and lines on a slope of colour: RGB (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    width, height = size
    slope = np.linspace(0, 1, width)[None, :, None] * rng.integers(40, 160, 3) + rng.integers(20, 90, 3)
    image = np.broadcast_to(slope, (height, width, 3)).astype(np.uint8).copy()
    for _ in range(45):
        x, y, w, h = (int(v) for v in rng.integers([0, 0, 8, 8], [width, height, width // 5, height // 5]))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        elif kind == 1:
            cv2.circle(image, (x, y), w // 2, colour, -1)
        else:
            cv2.line(image, (x, y), (x + w, y + h), colour, 3)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def save(path: Path, image: np.ndarray, **settings) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, **settings)
    return path


def burst(seed: int, shot: int) -> np.ndarray:
    """One of several shots of one scene: what is in it has moved a little, each thing its own way."""
    rng = np.random.default_rng([seed, shot])
    image = photo(seed)
    height, width = image.shape[:2]
    coarse = rng.normal(0, 7, (5, 7, 2)).astype(np.float32)
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(image, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.clip(moved + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)
