"""Local features of many images: decoded in batches, extracted side by side, each image of many pairs once."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, Generic, Protocol, TypeVar

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.stages import stage

BATCH = 64
"""Images decoded at a time."""

Features = TypeVar("Features")
"""What an extractor finds in one image."""

Arrays = dict[str, np.ndarray]
"""The same as arrays by name, (n, ...) for n features."""


class Kept(Protocol[Features]):
    """Features that were extracted before (see methods.local_features.kept_features)."""

    def keeps(self, images: ImageSet) -> bool:
        """Whether it may be asked for batches of `images`."""
        ...

    def __call__(self, images: ImageSet) -> list[Features]:
        """Features of a batch."""
        ...


class Extractor(ABC, Generic[Features]):
    """Finds local features, by OpenCV, in one image after the other."""

    kept: Kept[Features] | None = None
    """Where `extract_all` takes up what was extracted before; None: everything is extracted afresh."""
    code: ClassVar[tuple[str, ...]]
    """The modules whose code, with what they import, decides what is found."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Of the detector, small letters: what is kept is named so."""

    @property
    @abstractmethod
    def settings(self) -> tuple[int, ...]:
        """What it was made with, beside its name."""

    @abstractmethod
    def arrays(self, features: Features) -> Arrays:
        """One image's features as arrays, to be kept."""

    @abstractmethod
    def features(self, arrays: Arrays) -> Features:
        """The features that gave these arrays."""

    @abstractmethod
    def extract(self, image: Image) -> Features:
        """Features of one RGB image; called by several threads at a time."""

    def extract_many(self, images: Sequence[Image]) -> list[Features]:
        """Features of each image: as many images at once as OpenCV may have threads, each image on one of them.

        OpenCV's own threads inside of one image gain less: much of a detector's work is in one piece.
        """
        import cv2

        threads = cv2.getNumThreads()
        if len(images) < 2 or threads < 2:
            return [self.extract(image) for image in images]
        cv2.setNumThreads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                return list(pool.map(self.extract, images))
        finally:
            cv2.setNumThreads(threads)

    def extract_all(self, images: ImageSet) -> Iterator[Features]:
        """Features of each image in turn; never more than BATCH images are in memory."""
        return self._in_batches(images, self._kept_of(images))

    def _kept_of(self, images: ImageSet) -> Kept[Features] | None:
        return self.kept if self.kept is not None and self.kept.keeps(images) else None

    def _in_batches(self, images: ImageSet, kept: Kept[Features] | None) -> Iterator[Features]:
        for start in range(0, len(images), BATCH):
            chosen = images[start : start + BATCH]
            if kept is not None:
                yield from kept(chosen)
                continue
            with stage("decode"):
                batch = list(chosen)
            with stage("encode"):
                features = self.extract_many(batch)
            yield from features

    def extract_pairs(self, left: ImageSet, right: ImageSet) -> Iterator[tuple[Features, Features]]:
        """Features of left[i] and right[i] in turn. An image is extracted once, and kept until its last pair is due.

        One image is another by its content's digest; where these are not known, every image is extracted.
        """
        sides = (left, right)
        names = [images.digests or [(side, p) for p in range(len(images))] for side, images in enumerate(sides)]
        last = {name: row for row, pair in enumerate(zip(*names, strict=True)) for name in pair}
        held: dict[object, Features] = {}
        kept = self._kept_of(left)
        for start in range(0, len(left), BATCH):
            rows = range(start, min(start + BATCH, len(left)))
            for images, keys in zip(sides, names, strict=True):
                new = {keys[row]: row for row in rows if keys[row] not in held}
                held.update(zip(new, self._in_batches(images.take(list(new.values())), kept), strict=True))
            for row in rows:
                yield held[names[0][row]], held[names[1][row]]
            for row in rows:
                for keys in names:
                    if last[keys[row]] == row:
                        held.pop(keys[row], None)
