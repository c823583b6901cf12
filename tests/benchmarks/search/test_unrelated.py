"""Which neighbours are copies: a folder full of edited copies asks for no more than the same folder without them."""

import numpy as np
import pytest
from copies_support import photo, save

from benchmarks.search.calibrating import learn_unlabelled
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.searcher import Places, Searcher
from benchmarks.search.spacing import FAR, dimension, standing_out
from benchmarks.search.unrelated import DEEP, MOST_PAIRS, Neighbours, nearest_unrelated
from datasets import distortions
from methods.registry import load_registry

PICTURES = 60
RATE = 0.001


def folder(root, copied):
    """So many pictures, and two edited copies each of five in six of them where they are `copied`."""
    for seed in range(PICTURES):
        image = photo(seed, (160, 120))
        save(root / f"p{seed:02d}.jpg", image)
        if copied and seed % 6:
            edited = distortions.watermark(distortions.gamma(image))
            save(root / f"p{seed:02d}-edited.jpg", edited, quality=60)
            save(root / f"p{seed:02d}-cropped.jpg", distortions.crop(image), quality=80)
    return root


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("unrelated")
    return folder(root / "plain", False), folder(root / "full", True), Places(root / "index")


def threshold(root, places, method):
    gallery = FolderGallery(root, places.index)
    gallery.update()
    return learn_unlabelled(Searcher(load_registry().get(method), gallery, places), RATE).threshold


@pytest.mark.parametrize(("method", "more"), [("pdq", 0.1), ("hog", 0.1), ("dhash", 2)])
def test_edited_copies_in_a_folder_make_the_threshold_hardly_stricter(folders, method, more):
    plain, full, places = folders
    assert threshold(full, places, method) <= threshold(plain, places, method) + more


def distances(pictures, dimension, rng):
    """Of each of so many pictures its nearest ones among uniform points of a space of this dimension, nearest first."""
    return [np.sort(rng.random(500) ** (1 / dimension))[:DEEP] for _ in range(pictures)]


@pytest.mark.parametrize("true", [3, 12, 40])
def test_the_dimension_is_found_again_also_beside_copies(true):
    rng = np.random.default_rng(true)
    found = distances(400, true, rng)
    assert dimension(found) == pytest.approx(true, rel=0.1)
    copied = [np.sort([*(0.8 * each[:2]), *each])[:DEEP] for each in found]
    assert dimension(copied) == pytest.approx(true, rel=0.2)


def test_few_neighbours_or_equal_ones_tell_no_dimension():
    assert dimension([]) is None
    assert dimension([np.linspace(1, 2, FAR[1] - 1)] * 50) is None
    assert dimension([np.ones(DEEP)] * 50) is None


def test_unrelated_pictures_hardly_ever_stand_out_and_copies_do():
    found = distances(2000, 20, np.random.default_rng(0))
    assert np.mean([standing_out(each, 20) > 0 for each in found]) < 0.015
    copied = [np.concatenate([0.65 * each[:2], each]) for each in found]
    assert np.mean([standing_out(each, 20) >= 2 for each in copied]) > 0.9


def test_counts_stand_for_half_a_step_either_side():
    counted = np.array([9.5, 11.5, 11.5, 13.5, 13.5, 13.5, 15.5, 15.5, 15.5])
    assert standing_out(counted, 60) > 0
    assert standing_out(counted, 60, step=2) == 0


class Pixels:
    """A check to which a picture 1,000 positions on is a copy; it keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def copies(self, pairs):
        self.asked += pairs
        return [other == one + 1000 for one, other in pairs]


def neighbours(number, nearest, score, rng):
    """One picture's: the first at `score`, the others as they are in a space of high dimension."""
    others = -np.sort(distances(1, 30, rng)[0])
    return Neighbours(number, np.array([nearest, *range(2000, 1999 + DEEP)]), np.array([score, *others[1:]]), "l2")


def test_pixels_decide_which_of_those_that_stand_out_are_copies():
    rng = np.random.default_rng(1)
    found = [neighbours(number, (1000 if number < 30 else 5000) + number, -0.5, rng) for number in range(60)]
    check = Pixels()
    nearest = nearest_unrelated(found, check)
    assert {(one, one + (1000 if one < 30 else 5000)) for one in range(60)} <= set(check.asked)
    assert (nearest[:30] < -0.6).all(), "copies are left out"
    assert (nearest[30:] == -0.5).all(), "what stands out and is none is what comes nearest"
    assert (nearest_unrelated(found) == -0.5).all(), "without pixels nothing so far is taken for a copy"


def test_where_too_much_stands_out_some_of_the_pictures_speak_for_all():
    rng = np.random.default_rng(2)
    found = [neighbours(number, 1000 + number, -0.5, rng) for number in range(MOST_PAIRS + 100)]
    check = Pixels()
    nearest = nearest_unrelated(found, check)
    assert MOST_PAIRS - 10 <= len(check.asked) <= MOST_PAIRS
    assert MOST_PAIRS / 2 <= len(nearest) < len(found)
    assert (nearest < -0.5).all()
