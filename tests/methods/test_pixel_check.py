"""Copies within a set of pictures are told by their pixels, and a copy that is hard to recognise by another copy."""

import numpy as np
import pytest
from copies_support import photo
from hypothesis import given
from hypothesis import strategies as st

from datasets import distortions
from datasets.errors import ImageError
from methods.duplicates import pixel_check
from methods.duplicates.local_rows import LOCAL, LocalEncoder, local_picture
from methods.duplicates.pixel_check import EVERYWHERE, PixelCheck, same_part
from methods.duplicates.records import unpacked
from methods.duplicates.same_picture import thumbnail


def collage(left, right):
    both = np.full((480, 640, 3), 255, np.uint8)
    both[60:300, :320], both[60:300, 320:] = left, right
    return both


def boxed(image):
    image = image.copy()
    image[: image.shape[0] // 4, : image.shape[1] // 3] = 250
    return image


PICTURES = {
    0: photo(0),
    1: distortions.crop(photo(0)),
    2: distortions.flip(photo(0)),
    3: photo(1),
    4: collage(photo(0), photo(1)),
    5: np.full((90, 120, 3), 80, np.uint8),
    6: photo(0)[::2, ::2],
    7: boxed(photo(0)),
}


def read(number):
    if number not in PICTURES:
        raise ImageError(f"{number}: gone")
    return PICTURES[number]


def test_crops_mirrored_copies_and_collages_are_told_from_strangers():
    pairs = [(0, 1), (2, 0), (0, 4), (0, 3), (5, 5), (0, 9)]
    assert PixelCheck(read).copies(pairs) == [True, True, True, False, False, False]


def test_thumbnails_tell_plain_copies_without_any_features(monkeypatch):
    monkeypatch.setattr("methods.duplicates.pixel_check.by_features", lambda *two: pytest.fail("features compared"))
    check = PixelCheck(read)
    assert check.plain_copies([(0, 6), (0, 7), (0, 3), (0, 4), (5, 5), (0, 9)]) == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert check.copies([(6, 0), (0, 7)]) == [True, True]


def test_a_picture_is_looked_at_once_and_a_pair_compared_once(monkeypatch):
    seen = []
    check = PixelCheck(lambda number: (seen.append(number), read(number))[1], {0: thumbnail(read(0))})
    check.plain_copies([(0, 1), (0, 3), (0, 6)])
    assert sorted(seen) == [1, 3, 6], "the thumbnail of 0 was given"
    check.copies([(0, 1), (0, 3), (0, 6)])
    assert set(seen) == {0, 1, 3, 6}
    assert max(seen.count(number) for number in seen) == 2, "once more at most, for its features"
    for by in ("by_thumbnails", "by_features"):
        monkeypatch.setattr(f"methods.duplicates.pixel_check.{by}", lambda *pair: pytest.fail("compared again"))
    assert check.copies([(1, 0), (3, 0), (6, 0)]) == [True, False, True]


def test_a_picture_that_goes_between_thumbnail_and_features_has_no_copies():
    there = dict(PICTURES)

    def read(number):
        if number not in there:
            raise ImageError(f"{number}: gone")
        return there[number]

    check = PixelCheck(read)
    assert check.plain_copies([(0, 2)]) == [False]
    del there[2]
    assert check.copies([(0, 2)]) == [False]


def missed(monkeypatch, *pairs):
    """Let features of these pairs of PICTURES show nothing."""
    whole = pixel_check.by_features
    greys = {number: LocalEncoder().encode([pixel_check._small(image)])[0] for number, image in PICTURES.items()}
    greys = {number: local_picture(unpacked(row, LOCAL)).grey.tobytes() for number, row in greys.items()}
    hidden = [{greys[one], greys[other]} for one, other in pairs]
    monkeypatch.setattr(
        pixel_check,
        "by_features",
        lambda one, other: None if {one.grey.tobytes(), other.grey.tobytes()} in hidden else whole(one, other),
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
