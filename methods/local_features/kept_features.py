"""SIFT features kept on disk by content, so that rows and tasks that look at the same images extract them once.

Only passes that measure accuracy, and building a gallery, come here; a timed query is always extracted afresh. What a
batch took when it was extracted is kept with it and reported by every cell that takes it up.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from methods import fingerprint
from methods.sift_features import DIMENSIONS, LocalFeatures, SiftExtractor
from methods.stages import spare, stage
from methods.training.checkpoint import load_arrays, save_arrays
from methods.training.kept import locked

CODE = ("methods.sift_features", "datasets.decoding", "datasets.distortions")
"""The modules whose code, with what they import, decides the features of an image."""

MOST_IMAGES = 20_000
"""In one image set; the features of more would fill the disk (54 KB an image) for the sake of little."""


class KeptFeatures:
    """The features of one extractor, a file for each batch of images; serves as `SiftExtractor.kept`.

    A batch is known by the sha256 of its images' bytes. Taking it up extracts its largest image again: what is kept has
    to agree with that, else the batch is made anew, and so the memory that extraction takes is part of the cell's peak.
    """

    def __init__(self, folder: Path, extractor: SiftExtractor) -> None:
        import cv2

        settings = [extractor.max_features, extractor.short_side, extractor.long_side, cv2.getNumThreads()]
        versions = fingerprint.package_versions(("cv2", "PIL"))
        key = fingerprint.digest([settings, fingerprint.code_digest(CODE), versions])
        self.folder = folder / f"sift-{key[:24]}"
        self.extractor = extractor

    def keeps(self, images: ImageSet) -> bool:
        """Whether features of `images` are kept: their content is known, and there are not too many."""
        return images.digests is not None and len(images) <= MOST_IMAGES

    def __call__(self, images: ImageSet) -> list[LocalFeatures]:
        """Features of a batch of images with digests, taken up or extracted now; DataError where it cannot be kept."""
        begun = time.perf_counter()
        path = self.folder / f"{fingerprint.digest(images.digests)[:32]}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / f"{path.name[:2]}.lock"):
                stored = _unpacked(load_arrays(path), len(images))
                if stored is None or not self._confirmed(images, *stored[:2]):
                    return self._extracted(images, path)
        except OSError as error:
            raise DataError(f"cannot keep features in {self.folder} ({error.strerror}); free or choose it") from error
        features, _, seconds = stored
        # Waiting for another cell to extract it, and reading, are not what extraction takes.
        spare(seconds - (time.perf_counter() - begun))
        return features

    def _confirmed(self, images: ImageSet, features: list[LocalFeatures], largest: int) -> bool:
        with stage("decode"):
            image = images[largest]
        with stage("encode"):
            again = self.extractor.extract(image)
        kept = features[largest]
        return np.array_equal(again.points, kept.points) and np.array_equal(again.descriptors, kept.descriptors)

    def _extracted(self, images: ImageSet, path: Path) -> list[LocalFeatures]:
        start = time.perf_counter()
        with stage("decode"):
            batch = list(images)
        with stage("encode"):
            features = self.extractor.extract_many(batch)
        seconds = time.perf_counter() - start
        save_arrays(path, _packed(features, int(np.argmax([image.size for image in batch])), seconds))
        return features


def _packed(features: list[LocalFeatures], largest: int, seconds: float) -> dict[str, np.ndarray]:
    return {
        "counts": np.array([len(image.points) for image in features], dtype=np.int64),
        "points": np.concatenate([image.points for image in features]),
        "descriptors": np.concatenate([image.descriptors for image in features]),
        "largest": np.array(largest),
        "seconds": np.array(seconds),
    }


def _unpacked(arrays: dict[str, Any] | None, images: int) -> tuple[list[LocalFeatures], int, float] | None:
    """Features of so many images, which of them is largest, and seconds; None for what is not of that form."""
    if arrays is None or {"counts", "points", "descriptors", "largest", "seconds"} - set(arrays):
        return None
    counts, points, descriptors = arrays["counts"], arrays["points"], arrays["descriptors"]
    total = int(counts.sum())
    if len(counts) != images or points.shape != (total, 2) or descriptors.shape != (total, DIMENSIONS):
        return None
    ends = np.cumsum(counts)[:-1]
    pairs = zip(np.split(points, ends), np.split(descriptors, ends), strict=True)
    return [LocalFeatures(*pair) for pair in pairs], int(arrays["largest"]), float(arrays["seconds"])
