"""Local features kept on disk by content, so that rows and tasks that look at the same images extract them once.

Only passes that measure accuracy, and building a gallery, come here; a timed query is always extracted afresh. What an
image took when it was extracted is kept with it and reported by every cell that takes it up.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Generic

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from datasets.notes import note_damage
from methods import fingerprint
from methods.local_features.extraction import Extractor, Features
from methods.local_features.feature_files import REMEDY, KeptImage, digests_in, read_images, save_images
from methods.stages import spare, stage
from methods.training.kept import locked

_PIXELS = ("datasets.decoding", "datasets.distortions")
"""The modules whose code, with what they import, decides an image's pixels."""

MOST_IMAGES = 20_000
"""In one image set; the features of more would fill the disk (54 KB an image) for the sake of little."""


def extraction_code(extractor: Extractor[Features]) -> tuple[str, ...]:
    """The modules whose code, with what they import, decides the features of an image."""
    return (*extractor.code, *_PIXELS)


def extraction_key(extractor: Extractor[Features]) -> str:
    """Sha256 hex digest of all but the images that decides what the extractor finds."""
    import cv2

    settings = [*extractor.settings, cv2.getNumThreads()]
    versions = fingerprint.package_versions(("cv2", "PIL"))
    return fingerprint.digest([settings, fingerprint.code_digest(extraction_code(extractor)), versions])


class KeptFeatures(Generic[Features]):
    """The features of one extractor, a file for each batch of images; serves as `Extractor.kept`.

    A batch is known by the sha256 of its images' bytes; of a batch that is new, images that other batches hold are
    taken from there. Whatever is taken up, the largest image of it is extracted again: what is kept has to agree with
    that, else all are made anew, and so the memory that extraction takes is part of the cell's peak.
    """

    def __init__(self, folder: Path, extractor: Extractor[Features]) -> None:
        self.folder = folder / f"{extractor.name}-{extraction_key(extractor)[:24]}"
        self.extractor = extractor
        self._digests: dict[Path, frozenset[str]] = {}

    def keeps(self, images: ImageSet) -> bool:
        """Whether features of `images` are kept: their content is known, and there are not too many."""
        return images.digests is not None and len(images) <= MOST_IMAGES

    def __call__(self, images: ImageSet) -> list[Features]:
        """Features of a batch of images with digests, taken up or extracted now; DataError where it cannot be kept."""
        path = self.folder / f"{fingerprint.digest(images.digests)[:32]}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / f"{path.name[:2]}.lock"):
                found = self._taken_up_or_made(images, images.digests or (), path)
        except OSError as error:
            raise DataError(f"cannot keep features in {self.folder} ({error.strerror}); free or choose it") from error
        return [self.extractor.features(each.features) for each in found]

    def _taken_up_or_made(self, images: ImageSet, digests: Sequence[str], path: Path) -> list[KeptImage]:
        begun = time.perf_counter()
        known = read_images(path, set(digests))
        if set(digests) - known.keys():
            known = self._elsewhere(set(digests))
        if known and not self._confirmed(images, known):
            note_damage(path, "they are not those that are extracted now", REMEDY)
            known = {}
        # Waiting for another cell to extract it, and reading, are not what extraction takes.
        if known:
            spare(sum(known[digest].seconds for digest in digests if digest in known) - (time.perf_counter() - begun))
        lacking = [place for place, digest in enumerate(digests) if digest not in known]
        if lacking:
            known |= zip((digests[place] for place in lacking), self._extracted(images.take(lacking)), strict=True)
            save_images(path, digests, [known[digest] for digest in digests])
        return [known[digest] for digest in digests]

    def _elsewhere(self, wanted: set[str]) -> dict[str, KeptImage]:
        """What the other batches hold of `wanted`."""
        known: dict[str, KeptImage] = {}
        for path in sorted(self.folder.glob("*.npz")):
            if path not in self._digests:
                self._digests[path] = digests_in(path)
            if lacking := wanted & self._digests[path] - known.keys():
                known |= read_images(path, lacking)
        return known

    def _confirmed(self, images: ImageSet, known: Mapping[str, KeptImage]) -> bool:
        digests = images.digests or ()
        largest = max((digest for digest in digests if digest in known), key=lambda digest: known[digest].pixels)
        with stage("decode"):
            image = images[digests.index(largest)]
        with stage("encode"):
            again = self.extractor.arrays(self.extractor.extract(image))
        kept = known[largest].features
        return again.keys() == kept.keys() and all(
            rows.dtype == kept[name].dtype and np.array_equal(rows, kept[name]) for name, rows in again.items()
        )

    def _extracted(self, images: ImageSet) -> list[KeptImage]:
        start = time.perf_counter()
        with stage("decode"):
            batch = list(images)
        with stage("encode"):
            features = self.extractor.extract_many(batch)
        share = (time.perf_counter() - start) / len(batch)
        return [
            KeptImage(self.extractor.arrays(found), image.size, share)
            for found, image in zip(features, batch, strict=True)
        ]
