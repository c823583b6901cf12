"""dlib's face encoder: the right face, NaN where there is none, and real people told apart."""

import csv

import numpy as np
import pytest
from real_images import lfw_image

from datasets.errors import WeightsError
from datasets.registry import open_dataset
from methods.contracts import Encoder
from methods.encoders.dlib_face import DlibFace
from methods.stages import StageClock
from methods.weights import find_weights

pytest.importorskip("dlib", reason="dlib is not installed")


@pytest.fixture(scope="module")
def encoder():
    found = find_weights("dlib-resnet", None)
    if found is None:
        pytest.skip("face_recognition_models is not installed")
    return DlibFace(found.path, batch_size=8)


@pytest.fixture(scope="module")
def gul(data_dir):
    return [lfw_image(data_dir, "Abdullah_Gul", number) for number in (1, 8)]


@pytest.fixture(scope="module", params=["photographs", "drawn portraits"])
def pair(request):
    """Two pictures of one person on any machine: drawn ones need no data."""
    if request.param == "photographs":
        return request.getfixturevalue("gul")
    drawn = open_dataset("imdb-wiki", None)
    return list(drawn.imageset(drawn.items()[:2]))


def test_it_is_an_encoder_and_faceless_pictures_give_nan(encoder):
    noise = np.random.default_rng(0).integers(0, 256, (90, 80, 3), dtype=np.uint8)
    pictures = [noise, *(np.full((*size, 3), 200, dtype=np.uint8) for size in ((1, 1), (1, 90), (90, 1), (5, 5)))]
    assert isinstance(encoder, Encoder)
    rows = encoder.encode(pictures)
    assert rows.shape == (5, 128)
    assert rows.dtype == np.float32
    assert np.isnan(rows).all()
    assert encoder.encode([]).shape == (0, 128)


def test_without_its_networks_it_says_what_to_install():
    with pytest.raises(WeightsError, match="face_recognition_models"):
        DlibFace(None)


def test_a_row_depends_on_its_image_alone(encoder, pair):
    blank = np.zeros((60, 60, 3), dtype=np.uint8)
    together = encoder.encode([pair[0], blank, pair[1]])
    assert np.isnan(together[1]).all() and not np.isnan(together[[0, 2]]).all()
    np.testing.assert_allclose(encoder.encode([pair[1]])[0], together[2], atol=1e-5)
    np.testing.assert_allclose(encoder.encode([pair[0]])[0], together[0], atol=1e-5)


def test_the_large_face_near_the_centre_is_taken(encoder, gul):
    import cv2

    stage = np.zeros((400, 500, 3), dtype=np.uint8)
    stage[75:325, 125:375] = gul[0]
    stage[:150, :150] = cv2.resize(gul[1], (150, 150), interpolation=cv2.INTER_AREA)
    alone, beside = encoder.encode([gul[0], stage])
    assert np.linalg.norm(alone - beside) < 0.3
    assert not np.isnan(beside).any()


def test_a_face_too_small_for_the_first_look_is_found_by_the_second(encoder, gul):
    import cv2

    small = cv2.resize(gul[0], (112, 112), interpolation=cv2.INTER_AREA)
    assert len(encoder._detector.run(small, 0, 0.0)[0]) == 0
    row, original = encoder.encode([small, gul[0]])
    assert np.linalg.norm(row - original) < 0.5


def test_the_face_is_turned_upright(encoder, gul):
    import cv2

    turn = cv2.getRotationMatrix2D((125, 125), 15, 1.0)
    tilted = cv2.warpAffine(gul[0], turn, (250, 250))
    chip = encoder.upright_face(tilted)
    assert chip.shape == (150, 150, 3)
    assert chip.dtype == np.uint8
    rows = encoder.encode([gul[0], tilted])
    assert np.linalg.norm(rows[0] - rows[1]) < 0.4


def test_time_is_charged_to_detection_and_to_encoding(encoder, gul):
    clock = StageClock()
    with clock.running():
        encoder.encode(gul[:1])
    assert set(clock.seconds) == {"detect", "encode"}


def test_people_are_told_apart(data_dir, encoder):
    with (data_dir / "lfw" / "pairs.txt").open() as file:
        fold = list(csv.reader(file, delimiter="\t"))[1:601:20]
    named = [(r[0], r[1], r[0], r[2]) if len(r) == 3 else tuple(r) for r in fold]
    rows = encoder.encode([lfw_image(data_dir, *half) for pair in named for half in (pair[:2], pair[2:])])
    distances = np.linalg.norm(rows[::2] - rows[1::2], axis=1)
    same = np.array([len(r) == 3 for r in fold])
    assert np.isnan(distances).mean() < 0.05  # the detector misses a face in a few hundred
    assert ((distances < 0.6) == same).mean() >= 0.93
