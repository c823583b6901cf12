"""Face methods explained: the boxes drawn lie on the faces that the stand-in drew."""

from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.reporting.explain import Neighbour, explain
from benchmarks.reporting.explain.canvas import PANEL
from benchmarks.reporting.explain.faces import draw_faces, find_faces
from benchmarks.reporting.pictures.marks import FAINT, RIGHT
from datasets.registry import open_dataset
from methods.registry import load_registry

SIDE = 500
METHODS = [
    pytest.param(method, marks=pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed"))
    for method, package in (("mtcnn-facenet", "mtcnn"), ("dlib-resnet", "dlib"))
]


@pytest.fixture(scope="module")
def portraits():
    dataset = open_dataset("lfw", None)
    return list(dataset.imageset(dataset.split("smoke").gallery[:3]))


def on_paper(*placed) -> np.ndarray:
    """Portraits on an even ground of SIDE pixels, each at its corner (x, y)."""
    paper = np.full((SIDE, SIDE, 3), 128, dtype=np.uint8)
    for portrait, (x, y) in placed:
        height, width = portrait.shape[:2]
        paper[y : y + height, x : x + width] = portrait
    return paper


def extent(drawn: np.ndarray, colour) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest x and y of a colour's pixels."""
    y, x = np.nonzero((drawn == colour).all(axis=2))
    return np.array([x.min(), y.min()]), np.array([x.max(), y.max()])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("corner", [(0, 250), (230, 20)])
def test_the_box_lies_on_the_portraits_face(method, corner, portraits):
    image = on_paper((portraits[0], corner))
    (faces,) = find_faces(load_registry().get(method), [image])
    (alone,) = find_faces(load_registry().get(method), [portraits[0]])
    assert len(faces) == len(alone) == 1
    np.testing.assert_allclose(faces.boxes - np.tile(corner, 2), alone.boxes, atol=25)
    low, high = extent(draw_faces(image, faces), RIGHT)
    scale = PANEL / SIDE
    np.testing.assert_allclose([*low, *high], faces.boxes[0] * scale, atol=4)
    landmarks = faces.landmarks[0]
    assert (landmarks > faces.boxes[0, :2]).all() and (landmarks < faces.boxes[0, 2:]).all()


@pytest.mark.parametrize("method", METHODS)
def test_of_two_faces_the_one_near_the_centre_has_the_thick_box(method, portraits):
    image = on_paper((portraits[0], (0, 250)), (portraits[0], (230, 20)))
    (faces,) = find_faces(load_registry().get(method), [image])
    assert len(faces) == 2
    drawn = draw_faces(image, faces)
    (left, top), (right, bottom) = extent(drawn, RIGHT)
    assert left > 230 * PANEL / SIDE and bottom < 270 * PANEL / SIDE
    thin = (drawn == FAINT).all(axis=2)
    assert thin[250 * PANEL // SIDE :, : 250 * PANEL // SIDE].sum() > 50
    assert thin[top:bottom, left:right].sum() < 10


def test_title_counts_and_the_text_tells_the_scores(portraits):
    pytest.importorskip("mtcnn")
    blank = np.full((200, 200, 3), 100, dtype=np.uint8)
    neighbours = [Neighbour("a/1", "Ann", 0.9), Neighbour("b/1", "Bo", 0.5)]
    spec = load_registry().get("mtcnn-facenet")
    explanation = explain(spec, portraits[0], blank, neighbours=neighbours)
    assert explanation.title == "mtcnn-facenet: 1 face in the query and no faces in the hit"
    assert "0.4 above" in explanation.text
    without = explain(spec, portraits[0], blank)
    assert without.picture.shape[0] < explanation.picture.shape[0]
