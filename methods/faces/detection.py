"""Faces in images of any sizes: boxes, scores and landmarks, detected in batches of equally large images."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from datasets.imageset import Image
from methods.faces.candidates import Candidates
from methods.faces.cascade import Cascade, Networks

LANDMARKS = ("left eye", "right eye", "nose", "left mouth corner", "right mouth corner")
"""Order of the landmarks; left and right as the viewer sees them."""

BATCH_PIXELS = 16_000_000
"""Most pixels in one batch (250 images of 250 x 250, or one large photograph): bounds memory at about 0.6 GB."""


@dataclass(frozen=True)
class FaceBoxes:
    """The m faces of one image, best score first (none: m = 0).

    `boxes` (m, 4) float32 x1 y1 x2 y2 in pixels, inside the image, both edges included; `scores` (m,) float32
    probabilities; `landmarks` (m, 5, 2) float32 x y in pixels, in the order of LANDMARKS, possibly outside the image.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)


class FaceDetector:
    """MTCNN on any sequence of images; a face is at least `min_face_size` pixels (20 or more).

    On TensorFlow the package's networks run with TensorFlow's image operations, elsewhere the same in plain Keras.
    """

    def __init__(self, min_face_size: int = 20, batch_size: int = 64) -> None:
        self.batch_size = batch_size
        self._cascade = Cascade(_networks(), min_face_size)

    def detect(self, images: Sequence[Image]) -> list[FaceBoxes]:
        """The faces of each image, in the order of `images`.

        Images that are equally large share a batch, and each image's faces depend on that image alone. One that is
        too small to hold a face has none.
        """
        images = list(images)
        faces: list[FaceBoxes] = [_NO_FACES] * len(images)
        for positions in self._batches(images):
            batch = np.stack([images[position] for position in positions])
            found, landmarks = self._cascade.detect(batch)
            for number, position in enumerate(positions):
                faces[position] = _faces_of(number, found, landmarks, batch.shape[1:3])
        return faces

    def _batches(self, images: list[Image]) -> Iterator[list[int]]:
        """Positions of images of one size, at most `batch_size` and BATCH_PIXELS (but at least one) at a time."""
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for position, image in enumerate(images):
            by_size[image.shape[:2]].append(position)
        for (height, width), positions in by_size.items():
            size = max(1, min(self.batch_size, BATCH_PIXELS // (height * width)))
            for start in range(0, len(positions), size):
                yield positions[start : start + size]


def _networks() -> Networks:
    import keras

    if keras.backend.backend() == "tensorflow":
        from methods.faces.mtcnn_networks import MtcnnNetworks

        return MtcnnNetworks()
    from methods.faces.keras_networks import KerasNetworks

    return KerasNetworks()


def detect_faces(images: Sequence[Image]) -> list[FaceBoxes]:
    """The faces of each image, by a detector of default settings that is built once per process."""
    return _default_detector().detect(images)


@cache
def _default_detector() -> FaceDetector:
    return FaceDetector()


def _faces_of(number: int, found: Candidates, landmarks: np.ndarray, size: tuple[int, int]) -> FaceBoxes:
    rows = np.flatnonzero(found.image == number)
    height, width = size
    boxes = np.clip(found.boxes[rows], 0, [width - 1, height - 1, width - 1, height - 1])
    return FaceBoxes(
        boxes.astype(np.float32), found.scores[rows].astype(np.float32), landmarks[rows].astype(np.float32)
    )


_NO_FACES = FaceBoxes(
    np.empty((0, 4), dtype=np.float32), np.empty(0, dtype=np.float32), np.empty((0, 5, 2), dtype=np.float32)
)
