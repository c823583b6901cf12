"""SIFT keypoints and descriptors of one image (Lowe, IJCV 2004), through OpenCV."""

from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np

from datasets.imageset import Image
from methods.freed_memory import hold_freed
from methods.local_features.extraction import Arrays, Extractor

DIMENSIONS = 128


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


class SiftExtractor(Extractor[LocalFeatures]):
    """The `max_features` strongest SIFT features of an image, in grey, at a size where SIFT works.

    SIFT finds next to nothing in a 32x32 thumbnail, so an image whose short side is under `short_side` pixels is first
    enlarged to it (cubic); one whose long side exceeds `long_side`, which takes precedence, is shrunk (area averaging).
    """

    name = "sift"
    code = (__name__,)

    def __init__(self, max_features: int = 200, short_side: int = 128, long_side: int = 640) -> None:
        self.max_features = max_features
        self.short_side = short_side
        self.long_side = long_side
        self._of_thread = local()

    @property
    def settings(self) -> tuple[int, ...]:
        """How many features, and the sides."""
        return self.max_features, self.short_side, self.long_side

    def arrays(self, features: LocalFeatures) -> Arrays:
        """Points and descriptors."""
        return {"points": features.points, "descriptors": features.descriptors}

    def features(self, arrays: Arrays) -> LocalFeatures:
        """Of these points and descriptors."""
        return LocalFeatures(arrays["points"], arrays["descriptors"])

    def extract(self, image: Image) -> LocalFeatures:
        """Features of one RGB image; empty arrays where there is nothing to find."""
        import cv2

        sift: Any = getattr(self._of_thread, "sift", None)  # OpenCV does not say that threads may share one
        if sift is None:
            hold_freed()
            sift = self._of_thread.sift = cv2.SIFT.create(nfeatures=self.max_features)
        grey = self._resized(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        keypoints, descriptors = sift.detectAndCompute(grey, None)
        if descriptors is None:
            return LocalFeatures(np.empty((0, 2), np.float32), np.empty((0, DIMENSIONS), np.uint8))
        return LocalFeatures(np.array(cv2.KeyPoint.convert(keypoints), np.float32), descriptors.astype(np.uint8))

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
