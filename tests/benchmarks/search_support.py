"""Pictures and galleries for tests of searching."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from bare_environment import bare_environment
from PIL import Image

from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.query import Query
from benchmarks.search.searcher import Places, Searcher
from methods.registry import load_registry

ROOT = Path(__file__).parents[2]


def picture(seed: int, size: tuple[int, int] = (60, 48)) -> Image.Image:
    """A few soft blots of colour: the same for the same seed, unlike for any other."""
    coarse = np.random.default_rng(seed).integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def encoded(image: Image.Image, form: str = "PNG", **settings) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **settings)
    return buffer.getvalue()


def fill(root: Path, images: int, labels: int = 0) -> Path:
    """A folder of different pictures, below as many label folders."""
    for seed in range(images):
        folder = root / f"label{seed % labels}" if labels else root
        folder.mkdir(parents=True, exist_ok=True)
        picture(seed).save(folder / f"{seed:03d}.png")
    return root


def query(seed: int) -> Query:
    return Query(f"{seed}", np.asarray(picture(seed)))


def opened(root: Path, index: Path, method: str = "phash", advance=None) -> Searcher:
    """A searcher as a new process would open it."""
    gallery = FolderGallery(root, index)
    gallery.update()
    arguments = () if advance is None else (advance,)
    return Searcher(load_registry().get(method), gallery, Places(index), *arguments)


def cli(*arguments, cwd=ROOT, stdin: bytes = b"", **environment) -> subprocess.CompletedProcess:
    """The command in a process of its own, with no data sets, weights or indexes of this machine's."""
    places = {"PYTHONPATH": str(ROOT), "RIS_INDEX": str(Path(cwd) / "index")}
    env = bare_environment(COLUMNS="160", **places) | environment
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, timeout=300)
