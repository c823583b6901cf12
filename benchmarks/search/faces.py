"""Which face of the query is searched for, where a method looks for faces and lets one be chosen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

from benchmarks.search.answer import Face
from benchmarks.search.errors import SearchError
from datasets.imageset import Image

if TYPE_CHECKING:
    from methods.faces.detection import FaceBoxes

CROP_SIDE = 160
"""Pixels: what FaceNet looks at (INPUT_SIZE of its network, whose module imports Keras)."""


@runtime_checkable
class FaceEncoder(Protocol):
    """An Encoder that shows the faces it finds and encodes any of them."""

    margin: float
    batch_size: int

    def detect(self, images: Sequence[Image]) -> "list[FaceBoxes]":
        """The faces of each image."""
        ...

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Rows (n, d) of face crops (n, 160, 160, 3) uint8 RGB."""
        ...


def encode_face(encoder: FaceEncoder, image: Image, number: int | None) -> tuple[np.ndarray | None, tuple[Face, ...]]:
    """The row (1, d) of one face of `image`, and all its faces, from left to right.

    `number` counts from 1; None takes the face that the encoder itself would take. No row where there is no face.
    Raises SearchError for a number that no face has.
    """
    from methods.faces.alignment import choose_face, crop_face

    (found,) = encoder.detect([image])
    order = np.argsort(found.boxes[:, 0], kind="stable")
    if number is not None and not 1 <= number <= len(found):
        have = "no face was found" if not len(found) else f"{len(found)} were found, numbered from left to right"
        raise SearchError(f"there is no face {number} in the query: {have}")
    chosen = choose_face(found, image.shape[:2]) if number is None else int(order[number - 1])
    if chosen is None:
        return None, ()
    faces = tuple(
        Face(place + 1, (x1, y1, x2, y2), float(found.scores[row]), row == chosen)
        for place, row in enumerate(order.tolist())
        for x1, y1, x2, y2 in [found.boxes[row].tolist()]
    )
    return encoder.embed(crop_face(image, found.boxes[chosen], CROP_SIDE, encoder.margin)[None]), faces
