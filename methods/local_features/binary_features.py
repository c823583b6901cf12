"""ORB's and AKAZE's descriptors of one image, through OpenCV."""

from threading import local
from typing import Any, Literal

import numpy as np

from datasets.errors import UnknownNameError
from datasets.imageset import Image
from methods.freed_memory import hold_freed
from methods.local_features.extraction import Arrays, Extractor
from methods.resizing import resized

DETECTORS = {"orb": "ORB", "akaze": "AKAZE"}
Detector = Literal["orb", "akaze"]


class BinaryExtractor(Extractor[np.ndarray]):
    """The `max_features` strongest features of an image, in grey; resized as for SIFT (see methods.sift_features)."""

    code = (__name__,)

    def __init__(self, detector: Detector, max_features: int, short_side: int, long_side: int) -> None:
        if detector not in DETECTORS:
            raise UnknownNameError(f"unknown detector {detector!r}; choose one of {', '.join(DETECTORS)}")
        self.detector = detector
        self.max_features = max_features
        self.short_side = short_side
        self.long_side = long_side
        self._of_thread = local()

    @property
    def name(self) -> str:
        """The detector's."""
        return self.detector

    @property
    def settings(self) -> tuple[int, ...]:
        """How many features, and the sides."""
        return self.max_features, self.short_side, self.long_side

    def arrays(self, features: np.ndarray) -> Arrays:
        """The descriptors."""
        return {"descriptors": features}

    def features(self, arrays: Arrays) -> np.ndarray:
        """The descriptors."""
        return arrays["descriptors"]

    def extract(self, image: Image) -> np.ndarray:
        """Descriptors (n, bytes) uint8 of one RGB image, strongest first; none where there is nothing to find."""
        import cv2

        finder = self._finder()
        points, rows = finder.detectAndCompute(self._resized(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)), None)
        if rows is None:
            return np.empty((0, finder.descriptorSize()), dtype=np.uint8)
        strongest = np.argsort([-point.response for point in points], kind="stable")[: self.max_features]
        return np.ascontiguousarray(rows[strongest])

    def _finder(self) -> Any:
        """OpenCV does not say that threads may share one."""
        import cv2

        if getattr(self._of_thread, "finder", None) is None:
            hold_freed()
            # OpenCV 5 moved AKAZE to its contributed features.
            home = cv2 if hasattr(cv2, DETECTORS[self.detector]) else cv2.xfeatures2d
            settings = {"nfeatures": self.max_features} if self.detector == "orb" else {}
            self._of_thread.finder = getattr(home, DETECTORS[self.detector]).create(**settings)
        return self._of_thread.finder

    def _resized(self, grey: np.ndarray) -> np.ndarray:
        height, width = grey.shape
        scale = min(max(1.0, self.short_side / min(height, width)), self.long_side / max(height, width))
        return resized(grey, (max(1, round(height * scale)), max(1, round(width * scale))))
