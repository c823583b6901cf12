"""SIFT search through an index of descriptors: each query descriptor votes for the images that hold its neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from methods.local_features.descriptor_index import DescriptorIndex, Neighbours, learn_lists
from methods.local_features.kept_features import KeptFeatures, extraction_key
from methods.local_features.reranking import rerank_best
from methods.ranking import Ranking, rank_scores
from methods.sift_features import LocalFeatures, SiftExtractor
from methods.sift_pairs import inliers
from methods.stages import stage
from methods.training.kept import content_key, kept


@dataclass(frozen=True)
class Votes:
    """Four arrays (v,), sorted by image: query descriptor `left` votes for `image`, whose descriptor `right` it found.

    A descriptor votes for an image once, with the nearest it found there, by `weight` > 0.
    """

    image: np.ndarray
    left: np.ndarray
    right: np.ndarray
    weight: np.ndarray

    def of(self, image: int) -> slice:
        """Where the votes for one image are."""
        return slice(*np.searchsorted(self.image, [image, image + 1]))


class IndexedSearch:
    """Local naive Bayes nearest neighbour (McCann & Lowe, CVPR 2012), every image a class of its own.

    A vote weighs by how much nearer the neighbour is, in squared distance, than the query descriptor's `neighbours` + 1
    nearest of all, the background: what is everywhere says nothing, where a ratio test within each image would take it
    for a match. An image's score is the sum of its votes; the `shortlist` best are multiplied by 1 + the RANSAC inliers
    among the matches that voted, so verification compares no descriptors again. Without keypoints an image scores 0.
    """

    def __init__(
        self,
        max_features: int = 200,
        neighbours: int = 20,
        nprobe: int = 4,
        shortlist: int = 20,
        tolerance: float = 6.0,
        seed: int = 0,
    ) -> None:
        self.neighbours = neighbours
        self.nprobe = nprobe
        self.shortlist = shortlist
        self.tolerance = tolerance
        self.seed = seed
        self.extractor = SiftExtractor(max_features)
        self._index = DescriptorIndex([], nprobe)
        self._points: list[np.ndarray] = []
        self._folder: Path | None = None

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned but the index's lists, which belong to building it."""

    def index(self, gallery: ImageSet) -> None:
        """Extract every image's features and index the descriptors."""
        features = list(self.extractor.extract_all(gallery))
        self._points = [image.points for image in features]
        descriptors = [image.descriptors for image in features]
        with stage("build"):
            self._index = DescriptorIndex(descriptors, self.nprobe, self._lists(gallery, descriptors))

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Vote and verify, one query at a time."""
        scores = np.empty((len(queries), len(self._points)), dtype=np.float32)
        for row, query in zip(scores, self.extractor.extract_all(queries), strict=True):
            row[:] = self.scores(query)
        with stage("search"):
            return rank_scores(scores, k)

    def scores(self, query: LocalFeatures) -> np.ndarray:
        """Score (n,) float32, 0 or more, of every gallery image for the features of a query."""
        with stage("search"):
            votes = count_votes(self._index.search(query.descriptors, self.neighbours + 1))
            sums = np.bincount(votes.image, votes.weight, minlength=len(self._points)).astype(np.float32)
        with stage("rerank"):
            return rerank_best(sums, self.shortlist, partial(self._inliers, query, votes))

    def reuse(self, folder: Path | None) -> None:
        """Take up features, and the index's lists, of the same images, kept below `folder`; None: make all afresh."""
        self._folder = folder
        self.extractor.kept = None if folder is None else KeptFeatures(folder, self.extractor)

    @property
    def nbytes(self) -> int:
        """Bytes of the index and of the keypoints' places."""
        return self._index.nbytes + sum(points.nbytes for points in self._points)

    def _lists(self, gallery: ImageSet, descriptors: list[np.ndarray]) -> Mapping[str, np.ndarray]:
        if self._folder is None:
            return learn_lists(descriptors, self.seed)
        settings = {"features": extraction_key(self.extractor), "seed": self.seed}
        key = content_key(settings, gallery, (DescriptorIndex.__module__,), ("faiss",))
        return kept(self._folder, "descriptor-lists", key, settings, lambda _: learn_lists(descriptors, self.seed))

    def _inliers(self, query: LocalFeatures, votes: Votes, image: int) -> int:
        own = votes.of(image)
        left, right = query.points[votes.left[own]], self._points[image][votes.right[own]]
        return inliers(left, right, self.tolerance, self.seed)


def count_votes(found: Neighbours) -> Votes:
    """The votes of m query descriptors for their neighbours; the last neighbour that each has is its background."""
    there = found.image >= 0
    background = np.where(there, found.squared, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    weight = np.where(there, background - np.where(there, found.squared, 0), 0)
    left, place = np.nonzero(weight > 0)
    # Sorted by image, then by descriptor; of a descriptor's votes for one image the first, the nearest, stays.
    keys = found.image[left, place] * len(weight) + left
    _, first = np.unique(keys, return_index=True)
    left, place = left[first], place[first]
    return Votes(found.image[left, place], left, found.row[left, place], weight[left, place])
