"""Copies within a set of pictures are told by their pixels, and a copy that is hard to recognise by another copy."""

import numpy as np
import pytest
from copies_support import photo
from hypothesis import given
from hypothesis import strategies as st

from datasets import distortions
from datasets.errors import ImageError
from methods.duplicates.pixel_check import EVERYWHERE, PixelCheck, same_part


def collage(left, right):
    both = np.full((480, 640, 3), 255, np.uint8)
    both[60:300, :320], both[60:300, 320:] = left, right
    return both


PICTURES = {
    0: photo(0),
    1: distortions.crop(photo(0)),
    2: distortions.flip(photo(0)),
    3: photo(1),
    4: collage(photo(0), photo(1)),
    5: np.full((90, 120, 3), 80, np.uint8),
}


def read(number):
    if number not in PICTURES:
        raise ImageError(f"{number}: gone")
    return PICTURES[number]


def test_crops_mirrored_copies_and_collages_are_told_from_strangers():
    pairs = [(0, 1), (2, 0), (0, 4), (0, 3), (5, 5), (0, 9)]
    assert PixelCheck(read).copies(pairs) == [True, True, True, False, False, False]


def test_a_picture_is_read_once_and_a_pair_compared_once(monkeypatch):
    seen = []
    check = PixelCheck(lambda number: (seen.append(number), read(number))[1])
    check.copies([(0, 1), (0, 3)])
    monkeypatch.setattr("methods.duplicates.pixel_check.compared", lambda *pair: pytest.fail("compared again"))
    assert check.copies([(1, 0), (3, 0)]) == [True, False]
    assert sorted(seen) == [0, 1, 3]


def missed(monkeypatch, *pairs):
    """Let the comparison of these pairs of PICTURES find nothing."""
    from methods.duplicates import pixel_check

    whole = pixel_check.compared
    thumbnails = {number: pixel_check.thumbnail(image).tobytes() for number, image in PICTURES.items()}
    hidden = [{thumbnails[one], thumbnails[other]} for one, other in pairs]
    monkeypatch.setattr(
        pixel_check,
        "compared",
        lambda one, other: (
            None if {one.thumbnail.tobytes(), other.thumbnail.tobytes()} in hidden else whole(one, other)
        ),
    )


def test_a_copy_that_was_missed_is_found_by_another_copy(monkeypatch):
    missed(monkeypatch, (0, 2))
    check = PixelCheck(read)
    assert check.copies([(0, 2)]) == [False]
    assert check.copies([(0, 1)]) == [True]
    assert check.copies([(0, 2)]) == [True], "the crop agrees with both"


def test_two_pictures_of_a_collage_are_no_copies_of_each_other():
    check = PixelCheck(read)
    assert check.copies([(0, 4), (3, 4)]) == [True, True]
    assert check.copies([(0, 3), (3, 0)]) == [False, False]


bits = st.integers(0, EVERYWHERE)


@given(bits, bits)
def test_the_same_part_does_not_depend_on_the_order(one, other):
    assert same_part(one, other) == same_part(other, one)
    assert same_part(one, EVERYWHERE) == (one > 0)
    assert not same_part(one, ~one & EVERYWHERE)
