"""A folder of small drawn photographs."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage


@pytest.fixture(scope="package")
def photos(tmp_path_factory) -> Path:
    """Six labels of five images each."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(3)
    for number in range(30):
        folder = root / f"label{number % 6}"
        folder.mkdir(exist_ok=True)
        pixels = np.clip(rng.integers(30, 220, size=3) + rng.normal(0, 25, size=(16, 16, 3)), 0, 255)
        PilImage.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return root
