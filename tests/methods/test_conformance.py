import dataclasses

import numpy as np
import pytest

from datasets.errors import DataError
from methods.canaries import ConstantRanking, Oracle, RandomRanking
from methods.conformance import check
from methods.conformance_images import odd_images, structured_images
from methods.encoders.hashes import FUNCTIONS, PerceptualHash
from methods.encoders.hog import Hog
from methods.encoders.pixels import Pixels
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.kmeans import KMeansIndex
from methods.indexes.neighbours import NearestNeighboursIndex
from methods.ranking import Ranking, rank_scores
from methods.sift import SiftMatching
from methods.spec import MethodSpec
from methods.stages import stage
from methods.svm import SvmClassifier
from methods.vector_method import VectorMethod

SPEC = MethodSpec(id="x", family="pixels", summary="", source="", tasks=("retrieval", "verification"))
SUPERVISED = dataclasses.replace(SPEC, supervised=True, tasks=("retrieval",))


def vectors(encoder, index, *settings):
    return lambda: VectorMethod(encoder(), (), index(*settings))


CONFORMING = {
    "constant": ConstantRanking,
    "random": RandomRanking,
    "pixels": vectors(Pixels, ExactIndex),
    "cosine": vectors(Pixels, ExactIndex, "cosine"),
    "hog": vectors(Hog, ExactIndex),
    **{kind: vectors(lambda kind=kind: PerceptualHash(kind), HammingIndex) for kind in FUNCTIONS},
    **{name: vectors(Pixels, NearestNeighboursIndex, name) for name in ("auto", "ball_tree", "kd_tree", "brute")},
    "brute cosine": vectors(Pixels, NearestNeighboursIndex, "brute", "cosine"),
    "kmeans": vectors(Pixels, KMeansIndex),
    "kmeans, two lists": vectors(Pixels, KMeansIndex, 6, 2),
    "sift": SiftMatching,
    "sift, verified": lambda: SiftMatching(verify=True, shortlist=5),
    "sift, mean distance": lambda: SiftMatching(aggregate="mean-distance"),
    "root sift": lambda: SiftMatching(root=True),
}


@pytest.mark.parametrize("name", CONFORMING)
def test_every_method_conforms(name):
    assert check(CONFORMING[name], SPEC) == []


@pytest.mark.parametrize("build", [Oracle, SvmClassifier, lambda: SvmClassifier("hog")])
def test_supervised_methods_conform(build):
    assert check(build, SUPERVISED) == []


class Good:
    """A conforming method in as few lines as it takes; each class below breaks one thing."""

    def fit(self, gallery):
        pass

    def index(self, gallery):
        self.means = np.array([image.mean() for image in gallery])

    def scores(self, queries):
        return -abs(np.array([image.mean() for image in queries])[:, None] - self.means)

    def search(self, queries, k):
        return rank_scores(self.scores(queries), k)

    def similarity(self, left, right):
        return np.array([-abs(a.mean() - b.mean()) for a, b in zip(left, right, strict=True)], dtype=np.float32)

    @property
    def nbytes(self):
        return self.means.nbytes


class WritesPixels(Good):
    def index(self, gallery):
        for image in gallery:
            image[:] = 0


class WrongDtype(Good):
    def search(self, queries, k):
        ranking = super().search(queries, k)
        return Ranking(ranking.ids.astype(np.int64), ranking.scores, ranking.undetected)


class RisingScores(Good):
    def search(self, queries, k):
        ranking = super().search(queries, k)
        return Ranking(ranking.ids[:, ::-1], ranking.scores[:, ::-1], ranking.undetected)


class ReturnsTwice(Good):
    def search(self, queries, k):
        ranking = super().search(queries, k)
        return Ranking(np.zeros_like(ranking.ids), ranking.scores, ranking.undetected)


class BareTail(Good):
    def search(self, queries, k):
        ranking = super().search(queries, k)
        ranking.ids[:, -1] = -1
        return ranking


class UnknownStage(Good):
    def search(self, queries, k):
        with stage("thinking"):
            return super().search(queries, k)


class IgnoresK(Good):
    def search(self, queries, k):
        return super().search(queries, len(self.means))


class NewEveryTime(Good):
    def scores(self, queries):
        return super().scores(queries) + np.random.default_rng().random(len(self.means))


class LooksAtItsNeighbours(Good):
    def scores(self, queries):
        scores = super().scores(queries)
        return scores - scores.min(axis=0)


class ReadsGalleryLabels(Good):
    def index(self, gallery):
        self.means = np.unique(gallery.labels, return_inverse=True)[1].astype(float)


class ReadsQueryLabels(Good):
    def scores(self, queries):
        return super().scores(queries) + 100 * (queries.labels == "label 1")[:, None]


class FailsOnOnePixel(Good):
    def scores(self, queries):
        if min(image.size for image in queries) < 10:
            raise ZeroDivisionError("too small")
        return super().scores(queries)


class HoldsNothing(Good):
    nbytes = 0


class NanPairs(Good):
    def similarity(self, left, right):
        return np.full(len(left), np.nan, dtype=np.float32)


BROKEN = {
    WritesPixels: ("runs", "read-only"),
    WrongDtype: ("runs", "int64"),
    RisingScores: ("runs", "rise"),
    ReturnsTwice: ("runs", "twice"),
    BareTail: ("runs", "-1"),
    UnknownStage: ("runs", "thinking"),
    IgnoresK: ("depth", "shape"),
    NewEveryTime: ("repeatable", "second build"),
    LooksAtItsNeighbours: ("one by one", "together"),
    ReadsGalleryLabels: ("labels unread", "not marked supervised"),
    ReadsQueryLabels: ("labels unread", "queries' labels"),
    FailsOnOnePixel: ("odd pictures", "too small"),
    HoldsNothing: ("bytes counted", "positive"),
    NanPairs: ("similarity", "NaN"),
}


def test_the_smallest_method_conforms():
    assert check(Good, SPEC) == []


@pytest.mark.parametrize("build", BROKEN, ids=lambda build: build.__name__)
def test_each_breach_is_found_by_its_check(build):
    name, words = BROKEN[build]
    findings = check(build, SPEC)
    assert any(finding.check == name and words in finding.problem for finding in findings), findings


def test_what_is_no_method_is_told_what_it_lacks():
    (finding,) = check(object, SPEC)
    assert "lacks fit, index, search" in finding.problem


def test_verification_without_a_similarity_is_found():
    class Searcher(Good):
        similarity = None

    assert [finding.check for finding in check(Searcher, SPEC)] == ["similarity"]
    assert check(Searcher, dataclasses.replace(SPEC, tasks=("retrieval",))) == []


def test_own_images_are_used_and_must_share_labels():
    assert check(Good, SPEC, structured_images(labels=3, each=2, seed=5)) == []
    with pytest.raises(DataError, match="share a label"):
        check(Good, SPEC, odd_images()[:2])
