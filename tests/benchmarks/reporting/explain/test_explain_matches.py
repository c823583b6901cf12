"""Local features explained: the lines drawn are the matches that the methods themselves count."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.reporting.explain import explain
from benchmarks.reporting.explain.canvas import CAPTION, PANEL
from benchmarks.reporting.explain.matches import SEAM, Matches, draw_matches, extractor_scale, match
from benchmarks.reporting.explain.sift_settings import sift_settings
from benchmarks.reporting.pictures.marks import RIGHT
from datasets.imageset import ImageSet, Item
from datasets.registry import open_dataset
from methods.building import build_method
from methods.registry import load_registry
from methods.sift_features import SiftExtractor
from methods.sift_pairs import inliers_with
from methods.spec import MethodSpec, Part


@pytest.fixture(scope="module")
def photos():
    dataset = open_dataset("lfw", None)
    return list(dataset.imageset(dataset.split("smoke").gallery[:8]))


@pytest.fixture(scope="module")
def turned(photos):
    import cv2

    height, width = photos[0].shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 12, 0.9)
    return cv2.warpAffine(photos[0], turn, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("method", ["sift", "sift-ransac", "sift-indexed", "sift-bovw-ransac", "sift-vlad"])
def test_inliers_are_those_of_the_reranking(method, photos, turned):
    settings = sift_settings(load_registry().get(method))
    extractor = SiftExtractor(settings.max_features, settings.short_side)
    query, *others = (extractor.extract(image) for image in [photos[0], turned, *photos[1:]])
    drawn = [match(query, other, settings).inliers for other in others]
    counted = [
        inliers_with(query, settings.ratio, settings.root, settings.tolerance, settings.seed)(other) for other in others
    ]
    assert drawn == counted
    assert counted[0] > 10


def test_the_number_in_the_title_is_the_methods_own_score(photos, turned):
    spec = load_registry().get("sift-ransac")
    images = ImageSet([Item("left", ""), Item("right", "")], Pictures(left=photos[0], right=turned))
    score = build_method(spec).similarity(images.take([0]), images.take([1]))[0]
    assert explain(spec, photos[0], turned).title.startswith(f"sift-ransac: {int(score)} of ")


def test_settings_of_the_entry_are_the_methods_own():
    registry = load_registry()
    assert sift_settings(registry.get("sift-ransac")).max_features == 200
    assert sift_settings(registry.get("sift-bovw-ransac")).max_features == 400
    assert sift_settings(registry.get("sift-indexed")).root
    assert "times" in sift_settings(registry.get("sift-vlad-ransac")).note
    assert "does not look" in sift_settings(registry.get("sift-vlad")).note


def test_lines_end_on_the_points_that_match(photos):
    wide = np.pad(photos[0], ((0, 0), (0, 250), (0, 0)), mode="edge")
    settings = sift_settings(load_registry().get("sift"))
    extractor = SiftExtractor(settings.max_features, settings.short_side)
    features = extractor.extract(wide)
    every = match(features, features, settings)
    assert every.inliers > 50
    few = np.flatnonzero(every.fits)[[0, -1]]
    matches = Matches(every.left[few], every.right[few], every.fits[few])
    scale = extractor_scale(wide, extractor)
    is_line = (np.array(draw_matches((wide, wide), matches, (scale, scale))) == RIGHT).all(axis=2)
    for x, y in matches.left / scale * PANEL / wide.shape[1]:
        assert is_line[round(CAPTION + y), round(x)] and is_line[round(CAPTION + y), round(PANEL + SEAM + x)]


def test_an_image_without_features_has_no_lines():
    blank = np.full((80, 80, 3), 127, dtype=np.uint8)
    explanation = explain(load_registry().get("sift-ransac"), blank, blank)
    assert "0 of 0 matches" in explanation.title
    assert not (explanation.picture == RIGHT).all(axis=2).any()


class Pictures:
    """Where an image set finds pictures that are in memory."""

    def __init__(self, **pictures):
        self.pictures = pictures

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return self.pictures[id]


def test_somebody_elses_method_is_not_said_to_score_like_ours(photos):
    foreign = MethodSpec(id="theirs", family="local features", summary="", source="", method=Part(Pictures))
    assert "may compare images in another way" in explain(foreign, photos[0], photos[1]).text
    composed = replace(load_registry().get("hog"), family="local features")
    assert explain(composed, photos[0], photos[1]).picture is None
