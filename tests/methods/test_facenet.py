"""The face encoder: input scalings, rows for images with and without a face, and real people told apart."""

import csv

import numpy as np
import pytest

from datasets.errors import WeightsError
from methods.contracts import Encoder
from methods.encoders.facenet import MtcnnFaceNet, fixed_scaling, whitened
from methods.faces.detection import FaceBoxes
from methods.stages import StageClock

WEIGHTS = "inception_resnet_v1_512.h5"


@pytest.fixture(scope="module")
def untrained():
    return MtcnnFaceNet(weights=None, dimension=128, batch_size=4)


@pytest.fixture(scope="module")
def trained(weights_dir):
    return MtcnnFaceNet(weights_dir / WEIGHTS)


@pytest.fixture
def face_everywhere(untrained, monkeypatch):
    """A detector that takes the middle of each image for a face, unless the image is black."""

    def detect(images):
        return [middle(image) if image.any() else middle(image, count=0) for image in images]

    def middle(image, count=1):
        height, width = image.shape[:2]
        box = np.array([[width / 4, height / 4, width * 3 / 4, height * 3 / 4]], dtype=np.float32)
        return FaceBoxes(box[:count], np.ones(count, np.float32), np.zeros((count, 5, 2), np.float32))

    monkeypatch.setattr(untrained, "detect", detect)
    return untrained


def photos(count, size=(80, 70)):
    rng = np.random.default_rng(7)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]


def read(data_dir, name, number):
    import cv2

    path = data_dir / "lfw" / "lfw-deepfunneled" / name / f"{name}_{int(number):04d}.jpg"
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


# Scaling


def test_fixed_scaling_maps_bytes_to_minus_one_to_one():
    scaled = fixed_scaling(np.array([[[[0, 127, 255]]]], dtype=np.uint8))
    assert scaled.dtype == np.float32
    assert scaled.ravel() == pytest.approx([-1, -0.5 / 127.5, 1])


def test_whitening_is_facenets_prewhiten_per_image():
    crops = np.stack(photos(3))
    expected = [(x - x.mean()) / max(x.std(), 1 / np.sqrt(x.size)) for x in crops.astype(np.float64)]
    np.testing.assert_allclose(whitened(crops), expected, atol=1e-5)


def test_whitening_a_flat_image_gives_zeros():
    assert not whitened(np.full((2, 8, 8, 3), 200, dtype=np.uint8)).any()


def test_each_dimension_is_fed_what_its_weights_were_trained_on(untrained):
    assert untrained._scaling is whitened
    with pytest.raises(ValueError, match="128"):
        MtcnnFaceNet(weights=None, dimension=64)


# Rows


def test_it_is_an_encoder(untrained):
    assert isinstance(untrained, Encoder)


def test_unit_rows_where_there_is_a_face_and_nan_where_there_is_none(face_everywhere):
    images = photos(6)
    images.insert(2, np.zeros((40, 50, 3), dtype=np.uint8))
    rows = face_everywhere.encode(images)
    assert rows.shape == (7, 128)
    assert rows.dtype == np.float32
    assert np.isnan(rows[2]).all()
    np.testing.assert_allclose(np.linalg.norm(np.delete(rows, 2, axis=0), axis=1), 1, atol=1e-5)


def test_a_row_depends_on_its_image_alone(face_everywhere):
    images = [*photos(3), *photos(2, size=(60, 90))]
    together = face_everywhere.encode(images)
    for image, row in zip(images, together, strict=True):
        np.testing.assert_allclose(face_everywhere.encode([image])[0], row, atol=1e-5)
    assert len({row.tobytes() for row in together.round(3)}) == len(images)


def test_images_without_a_face_and_no_images_at_all(untrained):
    assert np.isnan(untrained.encode([*photos(1, (32, 32)), np.zeros((5, 5, 3), np.uint8)])).all()
    assert untrained.encode([]).shape == (0, 128)


def test_time_is_charged_to_detection_and_to_encoding(face_everywhere):
    clock = StageClock()
    with clock.running():
        face_everywhere.encode(photos(2))
    assert set(clock.seconds) == {"detect", "encode"}


def test_an_untrained_network_is_reproducible_and_leaves_the_random_state_alone(face_everywhere):
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    again = MtcnnFaceNet(weights=None, dimension=128, seed=0)
    assert np.random.rand() == expected
    crops = np.stack(photos(2, size=(160, 160)))
    np.testing.assert_allclose(again.embed(crops), face_everywhere.embed(crops), atol=1e-6)


def test_weights_of_another_dimension_are_refused(weights_dir):
    with pytest.raises(WeightsError, match="Bottleneck"):
        MtcnnFaceNet(weights_dir / WEIGHTS, dimension=128)


# Real people


@pytest.fixture(scope="module")
def scored_pairs(data_dir, trained):
    """Similarities of every tenth pair of View 2's first fold, and whether they show the same person."""
    with (data_dir / "lfw" / "pairs.txt").open() as file:
        fold = list(csv.reader(file, delimiter="\t"))[1:601:10]
    named = [(r[0], r[1], r[0], r[2]) if len(r) == 3 else tuple(r) for r in fold]
    rows = trained.encode([read(data_dir, *half) for pair in named for half in (pair[:2], pair[2:])])
    return (rows[::2] * rows[1::2]).sum(axis=1), np.array([len(r) == 3 for r in fold])


def test_people_are_told_apart(scored_pairs):
    similarity, same = scored_pairs
    assert not np.isnan(similarity).any()
    assert ((similarity > 0.4) == same).mean() >= 0.95
    assert similarity[same].mean() > 0.7
    assert abs(similarity[~same].mean()) < 0.1


def test_a_real_row_is_the_same_alone_and_in_a_batch(data_dir, trained):
    images = [read(data_dir, "Abdullah_Gul", i) for i in (1, 8)] + [np.zeros((90, 90, 3), dtype=np.uint8)]
    together = trained.encode(images)
    np.testing.assert_allclose(trained.encode(images[:1])[0], together[0], atol=1e-3)
    assert np.isnan(together[2]).all()
