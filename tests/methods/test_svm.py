import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from methods import svm
from methods.conformance_images import structured_images, with_labels
from methods.encoders.pixels import Pixels
from methods.svm import SvmClassifier

IMAGES = structured_images(labels=5, each=6)
QUERIES = IMAGES[::6]
GALLERY = IMAGES.take([place for place in range(30) if place % 6])


def fitted(gallery=GALLERY, **settings):
    method = SvmClassifier(**settings)
    method.fit(gallery)
    method.index(gallery)
    return method


@pytest.mark.parametrize("features", ["pixels", "hog"])
def test_it_learns_the_labels_and_ties_within_one(features):
    ranking = fitted(features=features).search(QUERIES, 25)
    labels = GALLERY.labels[ranking.ids]
    assert np.mean(labels[:, 0] == QUERIES.labels) >= 0.8
    for row, scores in zip(labels, ranking.scores, strict=True):
        assert len({(label, score) for label, score in zip(row, scores, strict=True)}) == 5


def test_scores_are_scikit_learns_decision_values():
    ranking = fitted(C=2.0, gamma=1e-4).search(QUERIES, 25)
    scaler = StandardScaler().fit(Pixels().encode(list(GALLERY)))
    rows, queries = (scaler.transform(Pixels().encode(list(images))) for images in (GALLERY, QUERIES))
    model = SVC(C=2.0, gamma=1e-4).fit(rows, GALLERY.labels)
    column = np.searchsorted(model.classes_, GALLERY.labels[ranking.ids])
    expected = np.take_along_axis(model.decision_function(queries), column, axis=1)
    assert np.allclose(ranking.scores, expected, atol=1e-5)


def test_two_labels_are_told_apart_and_one_ties_everything():
    two = GALLERY[:10]
    ranking = fitted(two).search(QUERIES[:2], 10)
    assert np.array_equal(two.labels[ranking.ids[:, 0]], QUERIES.labels[:2])
    alone = fitted(GALLERY[:5]).search(QUERIES, 5)
    assert np.ptp(alone.scores) == 0


def test_labels_past_the_limit_share_the_last_place():
    keep = [place for place, label in enumerate(GALLERY.labels) if label != "label 4" or place % 2]
    gallery = GALLERY.take(keep)
    ranking = fitted(gallery, max_labels=4).search(QUERIES, len(gallery))
    tail = np.count_nonzero(gallery.labels == "label 4")
    assert np.all(gallery.labels[ranking.ids[:, -tail:]] == "label 4")
    assert np.all(np.ptp(ranking.scores[:, -tail:], axis=1) == 0)
    assert np.all(ranking.scores[:, -tail] < ranking.scores[:, -tail - 1])


def test_decisions_in_chunks_are_the_same(monkeypatch):
    method = fitted()
    whole = method.search(QUERIES, 25)
    monkeypatch.setattr(svm, "PAIR_VALUES", 1)
    assert np.allclose(method.search(QUERIES, 25).scores, whole.scores)


@pytest.mark.filterwarnings("error")
def test_every_image_its_own_label():
    gallery = with_labels(GALLERY, [str(place) for place in range(len(GALLERY))])
    ranking = fitted(gallery).search(QUERIES, 25)
    assert all(sorted(row) == list(range(25)) for row in ranking.ids)


def test_unknown_features_are_refused():
    with pytest.raises(ValueError, match="hog"):
        SvmClassifier("sift")
