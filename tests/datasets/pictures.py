"""Small pictures and data sets in the official layouts, made by the tests that need them."""

import io
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

RECORD = 3073
CLASS_NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def encode(picture: Pillow.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def noise(seed: int, width: int = 12, height: int = 8) -> Pillow.Image:
    rng = np.random.default_rng(seed)
    return Pillow.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def write_jpeg(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(noise(seed), "JPEG"))


def make_lfw(root: Path, photos: dict[str, int], archive: str = "lfw-deepfunneled") -> Path:
    """`photos` images of each person below `root`."""
    for seed, (name, count) in enumerate(photos.items()):
        for number in range(1, count + 1):
            write_jpeg(root / archive / name / f"{name}_{number:04d}.jpg", 100 * seed + number)
    return root


def make_cifar10(root: Path, train: int = 40, test: int = 20) -> Path:
    """Batches of so many records, the classes in turn."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    (folder / "batches.meta.txt").write_text("\n".join(CLASS_NAMES) + "\n\n")
    (folder / "data_batch_1.bin").write_bytes(cifar_records(train, seed=1))
    (folder / "test_batch.bin").write_bytes(cifar_records(test, seed=2))
    return root


def cifar_records(count: int, seed: int) -> bytes:
    records = np.random.default_rng(seed).integers(0, 256, (count, RECORD), dtype=np.uint8)
    records[:, 0] = np.arange(count) % 10
    return records.tobytes()
