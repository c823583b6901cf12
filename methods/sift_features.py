"""SIFT keypoints and descriptors of one image (Lowe, IJCV 2004), through OpenCV."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import local
from typing import Any, Protocol

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.stages import stage

DIMENSIONS = 128

BATCH = 64
"""Images decoded at a time."""


@dataclass(frozen=True)
class LocalFeatures:
    """What SIFT found: `points` (n, 2) float32, x and y in pixels of the resized image; `descriptors` (n, 128) uint8.

    OpenCV's descriptors are whole numbers in 0..255 (unit vectors times 512, clipped), so uint8 loses nothing.
    """

    points: np.ndarray
    descriptors: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.points.nbytes + self.descriptors.nbytes


class Kept(Protocol):
    """Features that were extracted before (see methods.local_features.kept_features)."""

    def keeps(self, images: ImageSet) -> bool:
        """Whether it may be asked for batches of `images`."""
        ...

    def __call__(self, images: ImageSet) -> list[LocalFeatures]:
        """Features of a batch."""
        ...


class SiftExtractor:
    """The `max_features` strongest SIFT features of an image, in grey, at a size where SIFT works.

    SIFT finds next to nothing in a 32x32 thumbnail, so an image whose short side is under `short_side` pixels is first
    enlarged to it (cubic); one whose long side exceeds `long_side`, which takes precedence, is shrunk (area averaging).
    """

    def __init__(self, max_features: int = 200, short_side: int = 128, long_side: int = 640) -> None:
        self.max_features = max_features
        self.short_side = short_side
        self.long_side = long_side
        self.kept: Kept | None = None
        """Where `extract_all` takes up what was extracted before; None: everything is extracted afresh."""
        self._of_thread = local()

    def extract(self, image: Image) -> LocalFeatures:
        """Features of one RGB image; empty arrays where there is nothing to find."""
        import cv2

        sift: Any = getattr(self._of_thread, "sift", None)  # OpenCV does not say that threads may share one
        if sift is None:
            sift = self._of_thread.sift = cv2.SIFT.create(nfeatures=self.max_features)
        grey = self._resized(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        keypoints, descriptors = sift.detectAndCompute(grey, None)
        if descriptors is None:
            return LocalFeatures(np.empty((0, 2), np.float32), np.empty((0, DIMENSIONS), np.uint8))
        return LocalFeatures(np.array(cv2.KeyPoint.convert(keypoints), np.float32), descriptors.astype(np.uint8))

    def extract_many(self, images: Sequence[Image]) -> list[LocalFeatures]:
        """Features of each image: as many images at once as OpenCV may have threads, each image on one of them.

        OpenCV's own threads inside of one image gain less: much of SIFT is in one piece.
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

    def extract_all(self, images: ImageSet) -> Iterator[LocalFeatures]:
        """Features of each image in turn; never more than BATCH images are in memory."""
        return self._in_batches(images, self._kept_of(images))

    def _kept_of(self, images: ImageSet) -> Kept | None:
        return self.kept if self.kept is not None and self.kept.keeps(images) else None

    def _in_batches(self, images: ImageSet, kept: Kept | None) -> Iterator[LocalFeatures]:
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

    def extract_pairs(self, left: ImageSet, right: ImageSet) -> Iterator[tuple[LocalFeatures, LocalFeatures]]:
        """Features of left[i] and right[i] in turn. An image is extracted once, and kept until its last pair is due.

        One image is another by its content's digest; where these are not known, every image is extracted.
        """
        sides = (left, right)
        names = [images.digests or [(side, p) for p in range(len(images))] for side, images in enumerate(sides)]
        last = {name: row for row, pair in enumerate(zip(*names, strict=True)) for name in pair}
        held: dict[object, LocalFeatures] = {}
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

    def _resized(self, grey: np.ndarray) -> np.ndarray:
        import cv2

        height, width = grey.shape
        scale = min(max(1.0, self.short_side / min(height, width)), self.long_side / max(height, width))
        if scale == 1:
            return grey
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)


def unit_descriptors(descriptors: np.ndarray, root: bool) -> np.ndarray:
    """Descriptors (n, 128) uint8 as unit vectors, float32, whose dot product is their similarity.

    `root` takes the square root of the L1-normalised histogram: RootSIFT (Arandjelovic and Zisserman, CVPR 2012).
    """
    vectors = descriptors.astype(np.float32)
    if root:
        np.sqrt(vectors, out=vectors)
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    vectors /= np.maximum(norms, np.finfo(np.float32).tiny)[:, None]
    return vectors
