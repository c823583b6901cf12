"""ORB and AKAZE: local features whose descriptors are bits, matched by differing bits."""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from datasets.errors import UnknownNameError
from datasets.imageset import Image, ImageSet
from methods.local_features.binary_bank import BinaryBank, pair_passing
from methods.ranking import Ranking, rank_scores
from methods.resizing import resized
from methods.stages import stage

DETECTORS = {"orb": "ORB", "akaze": "AKAZE"}
BATCH = 64
"""Images decoded at a time."""


class BinaryMatching:
    """A Method and Verifier: an image's score is how many of the query's descriptors pass the ratio test in it.

    A descriptor passes where its nearest in the image differs in less than `ratio` times the bits of its second nearest
    (Lowe 2004). An image with fewer than two descriptors has no second nearest and scores 0. The `max_features`
    strongest points count; images are resized as for SIFT (see methods.sift_features.SiftExtractor).
    """

    def __init__(
        self,
        detector: Literal["orb", "akaze"] = "orb",
        ratio: float = 0.8,
        max_features: int = 200,
        short_side: int = 128,
        long_side: int = 640,
    ) -> None:
        if detector not in DETECTORS:
            raise UnknownNameError(f"unknown detector {detector!r}; choose one of {', '.join(DETECTORS)}")
        self.detector = detector
        self.ratio = ratio
        self.max_features = max_features
        self.short_side = short_side
        self.long_side = long_side
        self._opencv: Any = None
        self._bank = BinaryBank([])

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Extract every gallery image's descriptors."""
        features = list(self._extract_all(gallery))
        with stage("build"):
            self._bank = BinaryBank(features)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Match each query with the whole gallery, one query at a time."""
        scores = np.empty((len(queries), len(self._bank)), dtype=np.float32)
        for row, query in zip(scores, self._extract_all(queries), strict=True):
            with stage("search"):
                row[:] = self._bank.passing(query, self.ratio)
        with stage("search"):
            return rank_scores(scores, k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """The score of right[i] for the query left[i], (n,) float32."""
        pairs = zip(self._extract_all(left), self._extract_all(right), strict=True)
        return np.array([pair_passing(query, image, self.ratio) for query, image in pairs], dtype=np.float32)

    def descriptors(self, image: Image) -> np.ndarray:
        """Descriptors (n, bytes) uint8 of one RGB image, strongest first; none where there is nothing to find."""
        import cv2

        if self._opencv is None:
            # OpenCV 5 moved AKAZE to its contributed features.
            home = cv2 if hasattr(cv2, DETECTORS[self.detector]) else cv2.xfeatures2d
            settings = {"nfeatures": self.max_features} if self.detector == "orb" else {}
            self._opencv = getattr(home, DETECTORS[self.detector]).create(**settings)
        points, rows = self._opencv.detectAndCompute(self._resized(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)), None)
        if rows is None:
            return np.empty((0, self._opencv.descriptorSize()), dtype=np.uint8)
        strongest = np.argsort([-point.response for point in points], kind="stable")[: self.max_features]
        return rows[strongest]

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's descriptors."""
        return self._bank.nbytes

    def _extract_all(self, images: ImageSet) -> Iterator[np.ndarray]:
        for start in range(0, len(images), BATCH):
            with stage("decode"):
                batch = list(images[start : start + BATCH])
            with stage("encode"):
                features = [self.descriptors(image) for image in batch]
            yield from features

    def _resized(self, grey: np.ndarray) -> np.ndarray:
        height, width = grey.shape
        scale = min(max(1.0, self.short_side / min(height, width)), self.long_side / max(height, width))
        return resized(grey, (max(1, round(height * scale)), max(1, round(width * scale))))
