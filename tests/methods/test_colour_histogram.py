import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from methods.conformance_images import odd_images
from methods.distances import row_similarity
from methods.encoders.colour_histogram import BINS, ColourHistogram

PICTURES = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda shape: arrays(np.uint8, (*shape, 3)))


def shares(picture):
    return ColourHistogram().encode([picture])[0] ** 2


def plain(red, green, blue, side=4):
    return np.tile(np.array([red, green, blue], np.uint8), (side, side, 1))


@settings(max_examples=50, deadline=None)
@given(PICTURES)
def test_the_squares_are_the_shares_of_the_pixels_and_where_they_lie_is_no_matter(picture):
    row = shares(picture)
    assert row.shape == (256,) and row.min() >= 0 and row.sum() == pytest.approx(1, abs=1e-5)
    shuffled = np.random.default_rng(0).permutation(picture.reshape(-1, 3)).reshape(picture.shape)
    assert np.allclose(shares(shuffled), row)


@settings(max_examples=50, deadline=None)
@given(PICTURES, PICTURES)
def test_the_distance_of_two_rows_is_hellingers_and_their_cosine_bhattacharyyas(left, right):
    rows = ColourHistogram().encode([left, right])
    hellinger = np.sqrt(max(0.0, 1 - np.sqrt(shares(left) * shares(right)).sum()))
    assert np.linalg.norm(rows[0] - rows[1]) / np.sqrt(2) == pytest.approx(hellinger, abs=1e-3)
    assert row_similarity(rows[:1], rows[1:], "cosine")[0] == pytest.approx(1 - hellinger**2, abs=1e-4)


def test_the_distance_is_the_one_opencv_calls_hellinger():
    rng = np.random.default_rng(0)
    left, right = (rng.integers(low, 256, (40, 30, 3), dtype=np.uint8) for low in (0, 90))
    ours = np.sqrt(1 - np.dot(*ColourHistogram().encode([left, right])))
    theirs = cv2.compareHist(shares(left), shares(right), cv2.HISTCMP_HELLINGER)
    assert ours == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(
    ("colour", "bin"),
    [((255, 0, 0), (0, 3, 3)), ((0, 255, 0), (5, 3, 3)), ((0, 0, 255), (10, 3, 3)), ((0, 0, 0), (0, 0, 0))],
)
def test_a_colour_falls_into_its_bin_of_hue_saturation_and_value(colour, bin):
    assert shares(plain(*colour))[np.ravel_multi_index(bin, BINS)] == pytest.approx(1)


def test_half_red_half_blue_is_half_like_red():
    both = np.concatenate([plain(255, 0, 0), plain(0, 0, 255)])
    rows = ColourHistogram().encode([plain(255, 0, 0), both, plain(0, 0, 255)])
    assert rows[0] @ rows[1] == pytest.approx(np.sqrt(0.5)) and rows[0] @ rows[2] == 0


def test_red_and_blue_are_not_swapped():
    assert np.argmax(shares(plain(200, 30, 30))) != np.argmax(shares(plain(30, 30, 200)))


def test_odd_pictures_have_a_row_each():
    rows = ColourHistogram().encode(list(odd_images()))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
