"""MTCNN's cascade on OpenVINO finds the faces that the plain one finds."""

from types import SimpleNamespace

import numpy as np
import pytest

from methods.engines.registry import get_engine
from methods.engines.swap import Swap
from methods.faces.detection import FaceDetector

pytest.importorskip("openvino", reason="openvino is not installed")

PEOPLE = ("Abdullah_Gul/Abdullah_Gul_0008", "Ana_Palacio/Ana_Palacio_0007", "Albert_Costa/Albert_Costa_0001")


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.fixture(scope="module")
def swap(detector):
    return Swap(SimpleNamespace(detector=detector), get_engine("openvino"))


def assert_same_faces(detector, swap, images):
    plain = detector.detect(images)
    with swap:
        fast = detector.detect(images)
    assert [len(faces) for faces in fast] == [len(faces) for faces in plain]
    for a, b in zip(plain, fast, strict=True):
        np.testing.assert_allclose(b.boxes, a.boxes, atol=0.05)
        np.testing.assert_allclose(b.scores, a.scores, atol=1e-4)
        np.testing.assert_allclose(b.landmarks, a.landmarks, atol=0.05)
    return plain


@pytest.fixture(scope="module")
def photos(data_dir):
    import cv2

    files = [data_dir / "lfw" / "lfw-deepfunneled" / f"{name}.jpg" for name in PEOPLE]
    return [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]


def test_the_same_faces_in_photographs(detector, swap, photos):
    plain = assert_same_faces(detector, swap, [*photos, photos[0][20:220, 10:240], *photos * 6])
    assert all(len(faces) for faces in plain)


def test_no_face_in_one_colour_nor_in_a_speck(detector, swap):
    images = [np.full((60, 80, 3), 120, dtype=np.uint8), np.full((5, 5, 3), 7, dtype=np.uint8)]
    plain = assert_same_faces(detector, swap, images)
    assert not any(len(faces) for faces in plain)


def test_noise_of_several_sizes(detector, swap):
    rng = np.random.default_rng(2)
    sizes = [(64, 64), (90, 64), (64, 64), (120, 120)]
    assert_same_faces(detector, swap, [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes])


def test_the_plain_cascade_is_back_afterwards(detector, swap):
    before = detector._cascade
    with swap:
        assert detector._cascade is not before
    assert detector._cascade is before
