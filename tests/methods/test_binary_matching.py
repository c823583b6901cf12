"""ORB and AKAZE: scores are the ratio-test matches of OpenCV's own matcher."""

import cv2
import numpy as np
import pytest

from datasets.errors import UnknownNameError
from datasets.imageset import ImageSet, Item
from methods.conformance_images import MemorySource, odd_images, structured_images
from methods.local_features.binary_features import DETECTORS
from methods.local_features.binary_matching import BinaryMatching

IMAGES = structured_images(labels=4, each=2)


def counted(query, image, ratio):
    """The definition, pair by pair."""
    if len(image) < 2:
        return 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query, image, k=2)
    return sum(best.distance < ratio * second.distance for best, second in pairs)


@pytest.mark.parametrize("detector", DETECTORS)
def test_scores_are_those_of_opencvs_matcher(detector):
    method = BinaryMatching(detector)
    method.index(IMAGES)
    ranking = method.search(IMAGES, len(IMAGES))
    descriptors = [method.extractor.extract(image) for image in IMAGES]
    assert all(0 < len(rows) <= 200 for rows in descriptors)
    for place, query in enumerate(descriptors):
        expected = [counted(query, descriptors[image], 0.8) for image in ranking.ids[place]]
        assert ranking.scores[place].tolist() == expected
    words = {"orb": 32, "akaze": 64}[detector]
    assert method.nbytes == sum(words * len(rows) for rows in descriptors) + 8 * len(IMAGES)
    pairs = method.similarity(IMAGES, IMAGES)
    assert pairs.tolist() == [counted(rows, rows, 0.8) for rows in descriptors]


@pytest.mark.parametrize("detector", DETECTORS)
def test_pictures_without_points_score_nothing_and_break_nothing(detector):
    method = BinaryMatching(detector)
    odd = odd_images()
    method.index(odd)
    ranking = method.search(odd, len(odd))
    assert np.isfinite(ranking.scores).all() and not ranking.undetected.any()
    flat = ImageSet([Item("flat", "")], MemorySource({"flat": np.full((80, 80, 3), 9, np.uint8)}))
    assert not method.search(flat, len(odd)).scores.any()


def test_only_the_strongest_points_count():
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    for detector in DETECTORS:
        assert len(BinaryMatching(detector, max_features=50).extractor.extract(noise)) == 50


def test_an_unknown_detector_names_those_there_are():
    with pytest.raises(UnknownNameError, match="orb, akaze"):
        BinaryMatching("surf")
