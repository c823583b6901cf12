"""Face methods explained: the faces found in both images, the one that was compared, and the neighbours' scores."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from benchmarks.reporting.explain.canvas import PANEL, fitted, side_by_side, stacked, written
from benchmarks.reporting.explain.explanation import Explanation, Question
from benchmarks.reporting.explain.neighbours import draw_neighbours, say_neighbours
from benchmarks.reporting.pictures.marks import FAINT, PAPER, RIGHT
from datasets.imageset import Image
from methods.faces.alignment import choose_face
from methods.faces.detection import FaceBoxes, FaceDetector, detect_faces
from methods.spec import MethodSpec


def explain_faces(question: Question) -> Explanation:
    """Boxes and landmarks on both images: thick where the face was compared, thin for others; scores below."""
    images = (question.query, question.hit)
    found = find_faces(question.spec, images)
    said = [f"{_counted(len(faces))} in the {name}" for faces, name in zip(found, ("query", "hit"), strict=True)]
    title = f"{question.spec.id}: {' and '.join(said)}"
    text = (
        "Compared is the face that is large and near the centre: its box is thick, with discs on its five "
        "landmarks; other faces have thin boxes. An image without a face is never found."
    )
    drawn = [draw_faces(image, faces) for image, faces in zip(images, found, strict=True)]
    parts = [side_by_side(drawn, ["query", "hit"])]
    parts.append(written(title, parts[0].width))
    if question.neighbours:
        parts.append(draw_neighbours(question.neighbours, question.chosen, parts[0].width))
        text += " " + say_neighbours(question.neighbours, question.chosen)
    return Explanation(title, text, np.array(stacked(parts)))


def draw_faces(image: np.ndarray, faces: FaceBoxes) -> np.ndarray:
    """The image fitted to PANEL pixels, its faces drawn: the one it is about by a thick box and its landmarks."""
    picture = Picture.fromarray(fitted(image))
    scale = PANEL / max(image.shape[:2])
    draw = ImageDraw.Draw(picture)
    about = choose_face(faces, image.shape[:2])
    for number, box in enumerate(faces.boxes * scale):
        corners = tuple(box.tolist())
        if number != about:
            draw.rectangle(corners, outline=PAPER, width=3)
            draw.rectangle(corners, outline=FAINT, width=1)
            continue
        draw.rectangle(corners, outline=PAPER, width=6)
        draw.rectangle(corners, outline=RIGHT, width=4)
        _draw_landmarks(draw, faces.landmarks[number] * scale)
    return np.array(picture)


def _draw_landmarks(draw: ImageDraw.ImageDraw, points: np.ndarray) -> None:
    for x, y in points[np.isfinite(points).all(axis=1)].tolist():
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=RIGHT, outline=PAPER, width=1)


def _counted(faces: int) -> str:
    return f"{faces or 'no'} face{'' if faces == 1 else 's'}"


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
