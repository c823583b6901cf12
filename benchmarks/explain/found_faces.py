"""The faces a method sees in an image: each by the detector that it searches with."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from datasets.imageset import Image
from methods.faces.detection import FaceBoxes, FaceDetector, detect_faces
from methods.spec import MethodSpec


def find_faces(spec: MethodSpec, images: Sequence[Image]) -> list[FaceBoxes]:
    """The faces of each image, with five landmarks each. No network that embeds is built for it."""
    if "dlib" in spec.requires:
        return [find_by_dlib(image) for image in images]
    least = spec.encoder.params.get("min_face_size") if spec.encoder else None
    return detect_faces(images) if least is None else FaceDetector(least).detect(images)


def find_by_dlib(image: Image) -> FaceBoxes:
    """Faces by dlib's HOG detector, as methods.encoders.dlib_face looks for them: small ones only without large ones.

    Landmarks are two corners of each eye and the base of the nose.
    """
    detector, predictor = _dlib()
    rectangles, scores, _ = detector.run(image, 0, 0.0)
    if not len(rectangles):
        rectangles, scores, _ = detector.run(image, 1, 0.0)
    boxes = [(box.left(), box.top(), box.right(), box.bottom()) for box in rectangles]
    landmarks = [[(point.x, point.y) for point in predictor(image, box).parts()] for box in rectangles]
    return FaceBoxes(
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(scores, dtype=np.float32),
        np.array(landmarks, dtype=np.float32).reshape(-1, 5, 2),
    )


@cache
def _dlib() -> tuple[Any, Any]:
    import dlib

    from methods.weights import require_weights

    return dlib.get_frontal_face_detector(), dlib.shape_predictor(str(require_weights("dlib-landmarks", None).path))
