"""A small folder of photographs' stand-ins, and a bench over it with misbehaving methods."""

import sys
from pathlib import Path

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from PIL import Image as PilImage
from report_support import attacking_report

from benchmarks.core.store import Store
from methods.registry import load_registry

# Tests use one another's helpers, whichever folder they lie in, and whichever file is run alone.
sys.path += sorted(
    str(folder) for folder in Path(__file__).parent.rglob("*") if folder.is_dir() and folder.name != "__pycache__"
)


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory) -> Path:
    """Five labels of four images, a colour each, and one label with a single image."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(7)
    for number in range(6):
        (root / f"label{number}").mkdir()
        colour = rng.integers(30, 220, size=3)
        for image in range(4 if number < 5 else 1):
            pixels = np.clip(colour + rng.normal(0, 25, size=(40, 48, 3)), 0, 255).astype(np.uint8)
            PilImage.fromarray(pixels).save(root / f"label{number}" / f"{image}.png")
    return root


@pytest.fixture
def bench(tmp_path, photo_folder) -> Bench:
    store = Store(tmp_path / "out")
    store.require_writable()
    return Bench(store, load_registry([PLUGIN]), photo_folder)


@pytest.fixture(scope="session")
def attacking_page(tmp_path_factory) -> Path:
    """The report of a run on images whose folders' names are markup."""
    return attacking_report(tmp_path_factory.mktemp("report"))
