"""dlib's face recognition: HOG face detector, five landmarks, ResNet-29 embedding of the upright face.

King, "Dlib-ml: A Machine Learning Toolkit" (2009); detector after Dalal & Triggs (2005), landmarks after Kazemi &
Sullivan (2014). The networks come inside the face_recognition_models package, whose files are read in place.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import WeightsError
from datasets.imageset import Image
from methods.faces.alignment import choose_face
from methods.faces.detection import FaceBoxes
from methods.stages import stage

DIMENSION = 128
CHIP_SIDE = 150
CHIP_PADDING = 0.25
"""What the network was trained on: the face turned upright, a quarter of its size around it, in pixels."""


class DlibFace:
    """An Encoder: (n, 128) float32, NaN where an image has no face. Euclidean distances; below 0.6 is one person.

    Raises WeightsError where the files of the recognition network or of the landmarks are not to be had.
    """

    def __init__(self, weights: Path | None, batch_size: int = 32) -> None:
        import dlib

        from methods.weights import require_weights

        if weights is None:
            raise WeightsError("dlib cannot run without its networks; `pip install face_recognition_models`")
        self.batch_size = batch_size
        self._detector = dlib.get_frontal_face_detector()
        self._landmarks = dlib.shape_predictor(str(require_weights("dlib-landmarks", None).path))
        self._network = dlib.face_recognition_model_v1(str(weights))

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, 128) float32; a row of NaN where no face is found."""
        rows = np.full((len(images), DIMENSION), np.nan, dtype=np.float32)
        with stage("detect"):
            chips = [self.upright_face(image) for image in images]
        found = [position for position, chip in enumerate(chips) if chip is not None]
        with stage("encode"):
            for start in range(0, len(found), self.batch_size):
                positions = found[start : start + self.batch_size]
                rows[positions] = self._network.compute_face_descriptor([chips[position] for position in positions])
        return rows

    def upright_face(self, image: Image) -> Image | None:
        """The face that `image` is about, eyes level, (150, 150, 3) uint8 RGB; None if there is none."""
        import dlib

        rectangles, faces = self._faces(image)
        chosen = choose_face(faces, image.shape[:2])
        if chosen is None:
            return None
        landmarks = self._landmarks(image, rectangles[chosen])
        return dlib.get_face_chip(image, landmarks, size=CHIP_SIDE, padding=CHIP_PADDING)

    def _faces(self, image: Image) -> tuple[Any, FaceBoxes]:
        """Faces of 80 pixels and more; only where there is none, of 40 and more, at four times the cost."""
        rectangles: Any = []
        scores: Any = []
        for doublings in (0, 1):
            rectangles, scores, _ = self._detector.run(image, doublings, 0.0)
            if len(rectangles):
                break
        boxes = np.array([[box.left(), box.top(), box.right(), box.bottom()] for box in rectangles], dtype=np.float32)
        no_landmarks = np.full((len(rectangles), 5, 2), np.nan, dtype=np.float32)
        return rectangles, FaceBoxes(boxes.reshape(-1, 4), np.array(scores, dtype=np.float32), no_landmarks)
