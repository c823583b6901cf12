"""Detection agrees with the mtcnn package where that is right and avoids its pitfalls; choice and crop of the face."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import WeightsError
from datasets.registry import open_dataset
from methods.faces.alignment import choose_face, crop_face, main_face
from methods.faces.cascade import Cascade
from methods.faces.detection import LANDMARKS, FaceBoxes, FaceDetector, detect_faces
from methods.faces.keras_networks import KerasNetworks, package_weights

PEOPLE = [
    "Abdullah_Gul/Abdullah_Gul_0008.jpg",  # the surest of three faces is not the largest
    "Ana_Palacio/Ana_Palacio_0007.jpg",
    "Carmen_Electra/Carmen_Electra_0001.jpg",
    "Charles_Schumer/Charles_Schumer_0002.jpg",  # the largest of two faces is not the central one
    "Albert_Costa/Albert_Costa_0001.jpg",
    "Bob_Graham/Bob_Graham_0003.jpg",
]


def read(path: Path) -> np.ndarray:
    import cv2

    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.fixture(scope="module")
def photos(data_dir):
    return [read(data_dir / "lfw" / "lfw-deepfunneled" / name) for name in PEOPLE]


@pytest.fixture(scope="module", params=["photographs", "drawn portraits"])
def pictures(request):
    """Faces on any machine: drawn ones need no data."""
    if request.param == "photographs":
        return request.getfixturevalue("photos")
    drawn = open_dataset("lfw", None)
    return list(drawn.imageset(drawn.items()[:12:2]))


@pytest.fixture(scope="module")
def package():
    from mtcnn import MTCNN

    return MTCNN()


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def faces_at(*boxes: tuple[float, float, float, float]) -> FaceBoxes:
    """Faces in the given places, scores falling."""
    return FaceBoxes(
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.linspace(1, 0.9, len(boxes), dtype=np.float32),
        np.zeros((len(boxes), 5, 2), dtype=np.float32),
    )


# Against the package


def test_a_batch_gives_what_the_package_gives_for_each_image_alone(pictures, package, detector):
    together = detector.detect(pictures)
    assert sum(len(faces) > 0 for faces in together) >= len(pictures) - 1
    for photo, faces in zip(pictures, together, strict=True):
        if not len(faces):
            continue
        rows = package.detect_faces([photo], output_type="numpy", box_format="xyxy")
        np.testing.assert_allclose(faces.boxes, rows[:, 1:5], atol=0.01)
        np.testing.assert_allclose(faces.scores, rows[:, 5], atol=1e-4)
        np.testing.assert_allclose(faces.landmarks, rows[:, 6:].reshape(-1, 2, 5).transpose(0, 2, 1), atol=0.01)


def test_an_images_faces_do_not_depend_on_its_batch(pictures, detector):
    together = detector.detect([*pictures, noise(250, 250), pictures[0][::-1]])
    for photo, faces in zip(pictures, together, strict=False):
        np.testing.assert_allclose(detector.detect([photo])[0].boxes, faces.boxes, atol=0.01)


def test_plain_keras_finds_the_faces_that_tensorflow_finds(pictures, detector):
    plain = FaceDetector()
    plain._cascade = Cascade(KerasNetworks())
    images = [*pictures, pictures[0][10:200, 20:230], noise(90, 64)]
    for expected, faces in zip(detector.detect(images), plain.detect(images), strict=True):
        assert len(faces) == len(expected)
        np.testing.assert_allclose(faces.boxes, expected.boxes, atol=0.05)
        np.testing.assert_allclose(faces.scores, expected.scores, atol=1e-3)
        np.testing.assert_allclose(faces.landmarks, expected.landmarks, atol=0.05)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_faces_are_found_without_tensorflow(backend, tmp_path, pictures, detector):
    pytest.importorskip(backend)
    np.save(tmp_path / "images.npy", pictures[:2])
    code = (
        "import sys, numpy; from methods.faces.detection import FaceDetector\n"
        "faces = FaceDetector().detect(list(numpy.load(sys.argv[1])))\n"
        "numpy.save(sys.argv[2], numpy.concatenate([each.boxes for each in faces]))\n"
        "assert 'tensorflow' not in sys.modules"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", code, str(tmp_path / "images.npy"), str(tmp_path / "boxes.npy")]
    subprocess.run(command, env=environment, check=True)
    expected = np.concatenate([faces.boxes for faces in detector.detect(pictures[:2])])
    np.testing.assert_allclose(np.load(tmp_path / "boxes.npy"), expected, atol=0.05)


def test_other_weights_than_the_packages_are_not_unpickled(tmp_path, monkeypatch):
    folder = tmp_path / "mtcnn" / "assets" / "weights"
    folder.mkdir(parents=True)
    (folder / "pnet.lz4").write_bytes(b"cos\nsystem\n")
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path / "mtcnn")])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    with pytest.raises(WeightsError, match=r"pnet.lz4 .* is not that of version 1.0.0"):
        package_weights("pnet")


def test_sizes_mixed_with_an_image_without_a_face(photos, package, detector):
    images = [np.zeros((250, 250, 3), dtype=np.uint8), photos[0][30:220, 40:210], photos[2], noise(64, 80)]
    alone = [detector.detect([image])[0] for image in images]
    for expected, faces in zip(alone, detector.detect(images), strict=True):
        np.testing.assert_allclose(faces.boxes, expected.boxes, atol=0.01)
    wrong = package.detect_faces(images, output_type="numpy", box_format="xyxy")
    first = [wrong[wrong[:, 0] == i][:1, 1:5] for i in range(len(images))]
    agree = [
        len(ours) == len(theirs) and np.allclose(ours, theirs, atol=2)
        for ours, theirs in zip([faces.boxes[:1] for faces in alone], first, strict=True)
    ]
    assert not all(agree), "the package is right here by now"


def test_no_images_and_the_package_raises(package, detector):
    assert detector.detect([]) == []
    with pytest.raises(Exception):  # noqa: B017  (whatever it happens to be)
        package.detect_faces([])


def finds_any(package, photos, **options):
    """False, too, where TensorFlow refuses to convolve what is smaller than the filter (it does without oneDNN)."""
    try:
        return any(package.detect_faces(photos, **options))
    except ValueError as error:
        assert "empty output" in str(error)
        return False


def test_a_large_least_face_size_still_finds_faces(photos, package):
    assert not finds_any(package, photos, min_face_size=40)
    assert all(len(faces) for faces in FaceDetector(min_face_size=40).detect(photos))


def test_the_surest_face_is_not_always_the_largest(photos, detector):
    faces = detector.detect(photos[:1])[0]
    areas = np.prod(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1)
    assert areas.argmax() != faces.scores.argmax() == 0
    assert choose_face(faces, photos[0].shape[:2]) == areas.argmax()


def test_results_go_into_json(photos, package):
    with pytest.raises(TypeError):
        json.dumps(package.detect_faces(photos[0]))
    faces = detect_faces(photos[:1])[0]
    assert json.loads(json.dumps(faces.boxes.tolist()))[0] == faces.boxes[0].tolist()


# What is detected


def test_landmarks_lie_in_order_inside_the_face(photos, detector):
    faces = detector.detect(photos[4:5])[0]
    point = dict(zip(LANDMARKS, faces.landmarks[0], strict=True))
    assert point["left eye"][0] < point["nose"][0] < point["right eye"][0]
    assert point["left mouth corner"][0] < point["right mouth corner"][0]
    assert point["left eye"][1] < point["nose"][1] < point["left mouth corner"][1]
    x1, y1, x2, y2 = faces.boxes[0]
    assert (faces.landmarks[0] > [x1, y1]).all()
    assert (faces.landmarks[0] < [x2, y2]).all()


def test_a_face_is_found_in_almost_every_photo_of_lfw(data_dir, detector):
    paths = sorted((data_dir / "lfw" / "lfw-deepfunneled").glob("*/*.jpg"))[::40]
    found = [len(faces) > 0 for faces in detector.detect([read(path) for path in paths])]
    assert np.mean(found) >= 0.99


def test_tight_crops_need_no_enlargement(data_dir, detector):
    paths = sorted((data_dir / "imdb-wiki" / "imdb_crop").glob("*/*.jpg"))[::5]
    if not paths:
        pytest.skip("no imdb_crop images here")
    found = [len(faces) > 0 for faces in detector.detect([read(path) for path in paths])]
    assert np.mean(found) >= 0.97


@pytest.mark.parametrize("size", [(1, 1), (11, 40), (12, 12), (20, 21), (32, 32), (13, 300), (300, 24)])
@pytest.mark.parametrize("least", [20, 40])
def test_an_image_too_small_or_empty_has_no_face(size, least, detector):
    detector = detector if least == 20 else FaceDetector(least)
    images = [noise(*size), np.zeros((*size, 3), dtype=np.uint8)]
    assert [len(faces) for faces in detector.detect(images)] == [0, 0]


def test_batches_are_bounded_by_count_and_by_pixels():
    detector = FaceDetector(batch_size=3)
    small, large = np.zeros((10, 10, 3), dtype=np.uint8), np.zeros((4000, 5000, 3), dtype=np.uint8)
    batches = list(detector._batches([small] * 4 + [large] * 2))
    assert batches == [[0, 1, 2], [3], [4], [5]]


# The cascade's arithmetic


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(20, 200))
def test_every_scale_of_the_pyramid_holds_a_window(height, width, least):
    from methods.faces.candidates import CELL, pyramid

    scales = pyramid(height, width, least)
    assert all(int(min(height, width) * scale) >= CELL for scale in scales)
    assert scales == sorted(scales, reverse=True)
    assert not scales or scales[0] == pytest.approx(CELL / least)


def test_overlap_of_two_boxes_by_hand():
    from methods.faces.candidates import overlaps

    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [2, 2, 4, 4], [50, 50, 60, 60]], dtype=float)
    assert overlaps(boxes)[0] == pytest.approx([1, 50 / 150, 4 / 100, 0])
    assert overlaps(boxes, smaller=True)[0] == pytest.approx([1, 0.5, 1, 0])


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(1, 20)] * 2, st.integers(0, 2)), max_size=12))
def test_suppression_keeps_the_best_of_each_image_and_only_what_no_better_one_covers(drawn):
    from methods.faces.candidates import Candidates, overlaps, suppress

    rows = np.array(drawn, dtype=float).reshape(-1, 5)
    boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
    image, scores = rows[:, 4].astype(int), np.arange(len(rows), dtype=float)
    kept = suppress(Candidates(image, boxes, scores), 0.5)
    shared = overlaps(boxes)
    expected = [
        i
        for i in range(len(rows))
        if not any(image[j] == image[i] and scores[j] > scores[i] and shared[i, j] > 0.5 for j in range(len(rows)))
    ]
    assert sorted(kept) == expected
    assert [(image[i], -scores[i]) for i in kept] == sorted((image[i], -scores[i]) for i in kept)


def test_suppression_of_many_images_is_that_of_each_alone():
    from methods.faces.candidates import Candidates, suppress

    rng = np.random.default_rng(5)
    image = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 70, 60)))
    low = rng.uniform(0, 60, (len(image), 2))
    boxes = np.concatenate([low, low + rng.uniform(5, 40, low.shape)], axis=1)
    found = Candidates(image, boxes, rng.random(len(image)))
    for smaller in (False, True):
        groups = [np.flatnonzero(image == number) for number in range(60)]
        alone = [rows[suppress(found.at(rows), 0.4, smaller)] for rows in groups]
        np.testing.assert_array_equal(suppress(found, 0.4, smaller), np.concatenate(alone))


# Choice and crop


def test_a_large_central_face_beats_the_surest_and_the_largest():
    bystander, subject, poster = (0, 0, 40, 40), (70, 60, 170, 180), (190, 130, 300, 249)
    faces = faces_at(bystander, poster, subject)
    assert choose_face(faces, (250, 300)) == 2
    assert main_face(noise(250, 300), faces, 160).shape == (160, 160, 3)


def test_the_weight_of_the_centre_is_facenets():
    # Areas 900 and 1000; the second lies 7 pixels off: 1000 - 2 * 49 beats 900, at 8 pixels 1000 - 2 * 64 does not.
    central = (35, 35, 65, 65)
    for offset, chosen in [(7, 1), (8, 0)]:
        aside = (37.5 + offset, 30, 62.5 + offset, 70)
        assert choose_face(faces_at(central, aside), (100, 100)) == chosen


def test_no_face_no_crop():
    assert choose_face(faces_at(), (100, 100)) is None
    assert main_face(noise(100, 100), faces_at(), 160) is None


def test_the_margin_is_added_around_the_box():
    image = np.zeros((200, 200, 3), dtype=np.uint8)
    image[75:125, 75:125] = 255
    bare = crop_face(image, np.array([75, 75, 125, 125]), 100, margin=0)
    assert (bare == 255).all()
    with_margin = crop_face(image, np.array([75, 75, 125, 125]), 100, margin=1.0)
    assert (with_margin[25:75, 25:75] == 255).mean() > 0.95
    assert with_margin[:20].max() == 0
    assert with_margin[:, 80:].max() == 0


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.lists(st.floats(-20, 80), min_size=4, max_size=4),
    st.floats(0, 2),
)
def test_any_box_gives_a_crop_of_the_right_size(size, corners, margin):
    low, high = np.sort(np.array(corners).reshape(2, 2), axis=0)
    crop = crop_face(noise(*size), np.concatenate([low, high]), 16, margin)
    assert crop.shape == (16, 16, 3)
    assert crop.dtype == np.uint8
