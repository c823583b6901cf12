"""Distorted copies: each does what its name says, on any size, the same in every run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.distortions import DISTORTIONS, distorted_copies
from datasets.imageset import ImageSet, Item


def picture(height=40, width=60, seed=0):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, size=(5, 6, 3))
    return np.kron(coarse, np.ones((height // 5 + 1, width // 6 + 1, 1)))[:height, :width].astype(np.uint8)


class Pictures:
    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        assert data.decode() == id
        return picture(seed=int(id))


@pytest.mark.parametrize("name", DISTORTIONS)
@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_any_size_gives_an_image_and_leaves_the_original_alone(name, height, width):
    original = picture(height, width)
    before = original.copy()
    copy = DISTORTIONS[name](original)
    assert copy.dtype == np.uint8
    assert copy.ndim == 3
    assert copy.shape[2] == 3
    assert min(copy.shape) >= 1
    assert np.array_equal(original, before)
    assert np.array_equal(copy, DISTORTIONS[name](original))


def test_shapes_change_where_the_name_says_so():
    original = picture(100, 200)
    shapes = {name: distort(original).shape[:2] for name, distort in DISTORTIONS.items()}
    assert shapes["crop"] == (75, 150)
    assert shapes["resize"] == (50, 100)
    assert shapes["pad"] == (124, 248)
    assert {shapes[n] for n in ("jpeg", "rotate", "flip", "blur", "gamma", "noise", "watermark")} == {(100, 200)}


def test_flip_twice_is_the_original_and_gamma_brightens():
    original = picture()
    assert np.array_equal(DISTORTIONS["flip"](DISTORTIONS["flip"](original)), original)
    assert (DISTORTIONS["gamma"](original) >= original).all()


@pytest.mark.parametrize("name", ["jpeg", "blur", "gamma", "noise", "watermark"])
def test_a_copy_resembles_its_original_without_being_it(name):
    original = picture(120, 120)
    difference = np.abs(DISTORTIONS[name](original).astype(int) - original)
    assert 0 < difference.mean() < 60


def test_jpeg_keeps_the_colour_order():
    red = np.zeros((32, 32, 3), dtype=np.uint8)
    red[..., 0] = 200
    assert DISTORTIONS["jpeg"](red)[..., 0].mean() > 150
    assert DISTORTIONS["jpeg"](red)[..., 2].mean() < 50


def test_copies_know_their_original_and_have_digests_of_their_own():
    originals = ImageSet([Item("3", "x"), Item("4", "x")], Pictures(), ["d3", "d4"])
    copies = distorted_copies(originals, ["flip", "blur"])
    assert copies.ids.tolist() == ["3#flip", "3#blur", "4#flip", "4#blur"]
    assert copies.labels.tolist() == ["3", "3", "4", "4"]
    assert len(set(copies.digests)) == 4
    assert np.array_equal(copies[2], picture(seed=4)[:, ::-1])
