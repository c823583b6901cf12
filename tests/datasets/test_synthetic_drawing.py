"""The parts of the drawing: PNG writer, persons, portraits of any seed, objects that pixels half recognise."""

import io
from dataclasses import asdict

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.synthetic import stand_in
from datasets.synthetic.objects import CLASSES, GROUNDS, draw_object
from datasets.synthetic.person import random_person
from datasets.synthetic.png import encode_png
from datasets.synthetic.portrait import draw_portrait, rotation
from datasets.synthetic.scene import BACKDROPS, OCCLUSIONS, random_scene
from datasets.synthetic.seeds import generator


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_png_gives_the_pixels_back(image):
    with PIL.Image.open(io.BytesIO(encode_png(image))) as picture:
        assert picture.mode == "RGB"
        assert np.array_equal(np.asarray(picture), image)


def test_png_larger_than_one_deflate_block():
    image = generator("large").integers(0, 256, (200, 300, 3), dtype=np.uint8)
    with PIL.Image.open(io.BytesIO(encode_png(image))) as picture:
        picture.verify()
    with PIL.Image.open(io.BytesIO(encode_png(image))) as picture:
        assert np.array_equal(np.asarray(picture), image)


def test_generators_depend_on_every_name():
    draws = {generator(*names).random() for names in [("a",), ("a", 1), ("a", 2), ("b", 1)]}
    assert len(draws) == 4
    assert generator("a", 1).random() == generator("a", 1).random()


@pytest.mark.parametrize("gender", ["male", "female"])
def test_a_person_ages_in_hair_and_lines_only(gender):
    young = asdict(random_person(generator("ageing"), gender, 20.0))
    old = asdict(random_person(generator("ageing"), gender, 75.0))
    assert {key for key in young if young[key] != old[key]} == {"age", "hair", "brow_colour"}
    assert sum(old["hair"]) > sum(young["hair"]), "grey is lighter than dark hair"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["male", "female"]), st.floats(18, 80), st.integers(80, 250))
def test_any_person_in_any_scene_is_drawn(seed, gender, age, side):
    person = random_person(generator("any", seed), gender, age)
    scene = random_scene(generator("any scene", seed), size=(0.5, 0.76), drift=0.06)
    image = draw_portrait(person, scene, side)
    assert image.shape == (side, side, 3)
    assert image.dtype == np.uint8
    assert image.std() > 5


def test_scenes_show_every_backdrop_and_occlusion():
    scenes = [random_scene(generator("scenes", number), size=(0.5, 0.6), drift=0.05) for number in range(200)]
    assert {scene.backdrop for scene in scenes} == set(BACKDROPS)
    assert {scene.occlusion for scene in scenes} == {"none", *OCCLUSIONS}
    assert np.isclose([np.linalg.norm(scene.light.direction) for scene in scenes], 1).all()


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_rotation_is_one(yaw, pitch):
    turn = rotation(yaw, pitch)
    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.isclose(np.linalg.det(turn), 1)


def test_every_class_has_a_home():
    assert sorted(name for names in GROUNDS.values() for name in names) == sorted(CLASSES)


@pytest.mark.parametrize("name", CLASSES)
def test_objects_differ_from_picture_to_picture(name):
    images = [draw_object(name, generator(name, number)) for number in range(5)]
    assert all(image.shape == (32, 32, 3) and image.dtype == np.uint8 for image in images)
    assert len({image.tobytes() for image in images}) == 5


def test_pixels_half_recognise_the_objects_and_gradients_do_better():
    import cv2

    split = stand_in("cifar10").split("full")
    gallery, queries = (stand_in("cifar10").imageset(items) for items in (split.gallery, split.queries))
    hog = cv2.HOGDescriptor((32, 32), (16, 16), (8, 8), (8, 8), 9)

    def gradients(images):
        return np.stack([hog.compute(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).ravel() for image in images])

    def hit_rate(encode):
        rows, wanted = encode(queries).astype(float), encode(gallery).astype(float)
        distances = (rows**2).sum(1)[:, None] + (wanted**2).sum(1) - 2 * rows @ wanted.T
        return (gallery.labels[distances.argmin(axis=1)] == queries.labels).mean()

    pixels = hit_rate(lambda images: np.stack(list(images)).reshape(len(images), -1))
    # Chance is 0.1; with 100 queries its standard error is 0.03.
    assert 0.17 < pixels < 0.5
    assert hit_rate(gradients) > pixels + 0.2
