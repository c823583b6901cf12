"""SIFT matching: an image is as relevant as it has keypoints like the query's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from methods.local_features.extraction import BATCH
from methods.local_features.kept_features import KeptFeatures
from methods.local_features.kept_matches import KeptMatches
from methods.ranking import Ranking, rank_scores
from methods.sift_bank import DescriptorBank, forms
from methods.sift_features import LocalFeatures, SiftExtractor
from methods.sift_measures import Aggregate, measures, minus_mean_distance, passing, scores_of
from methods.sift_pairs import LEAST_MATCHES, inliers, matches_of, ratio_passes, two_nearest
from methods.small_products import one_blas_thread
from methods.stages import stage

PAIRS = 1 << 20
"""Queries with gallery images, compared before any is verified: some 30 MB of matches."""


class SiftMatching:
    """Exhaustive descriptor matching, query to image, with or without geometric verification.

    Plain, an image's score is either "ratio-count", the number of query descriptors that pass Lowe's ratio test in it
    (default), or "mean-distance", minus the mean distance of the query's descriptors to their nearest there.

    With `verify` the `shortlist` images with most ratio matches (and all that tie with the last of them: order must not
    decide) are verified by RANSAC. A score is then i + c / (1 + c), with c ratio matches and i inliers, or i = -1 where
    not verified: verified images come first, by inliers, and ratio matches settle what inliers leave tied.

    An image without keypoints has no matches: it scores as a complete stranger does, never NaN.
    """

    def __init__(
        self,
        verify: bool = False,
        aggregate: Aggregate = "ratio-count",
        ratio: float = 0.8,
        max_features: int = 200,
        root: bool = False,
        shortlist: int = 50,
        tolerance: float = 6.0,
        short_side: int = 128,
        seed: int = 0,
    ) -> None:
        if verify and aggregate != "ratio-count":
            raise ValueError("verification starts from ratio matches; it needs aggregate='ratio-count'")
        self.verify = verify
        self.aggregate: Aggregate = aggregate
        self.ratio = ratio
        self.root = root
        self.shortlist = shortlist
        self.tolerance = tolerance
        self.seed = seed
        self._extractor = SiftExtractor(max_features, short_side)
        self._bank = DescriptorBank([], root)
        self._points: list[np.ndarray] = []
        self._folder: Path | None = None
        self._kept: KeptMatches | None = None

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Extract every gallery image's features; where they lie in the image is kept only to verify with."""
        features = list(self._extractor.extract_all(gallery))
        with stage("build"):
            self._bank = DescriptorBank([image.descriptors for image in features], self.root)
        self._points = [image.points for image in features] if self.verify else []
        self._kept = KeptMatches.of(self._folder, gallery, self._extractor, self.ratio, self.root)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Match each query with the whole gallery, some queries at a time."""
        scores = np.empty((len(queries), len(self._bank)), dtype=np.float32)
        step = max(1, min(BATCH, PAIRS // max(1, len(self._bank))))
        for start in range(0, len(queries), step):
            rows = slice(start, start + step)
            scores[rows] = self._scores(queries[rows])
        with stage("search"):
            return rank_scores(scores, k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """The score of right[i] for the query left[i], (n,) float32; with `verify`, every pair is verified."""
        pairs = self._extractor.extract_pairs(left, right)
        with one_blas_thread():
            return np.array([self._pair_score(query, other) for query, other in pairs], dtype=np.float32)

    def reuse(self, folder: Path | None) -> None:
        """Take up features and matches kept below `folder`; None: make all afresh."""
        self._folder = folder
        self._extractor.kept = None if folder is None else KeptFeatures(folder, self._extractor)
        self._kept = None

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's descriptors and, to verify with, of its keypoints."""
        return self._bank.nbytes + sum(points.nbytes for points in self._points)

    def _scores(self, queries: ImageSet) -> np.ndarray:
        """Scores (q, n) float32 of all gallery images."""
        features = list(self._extractor.extract_all(queries))
        with stage("search"):
            matched = self._matched(queries, [query.descriptors for query in features])
            scores = np.stack([scores_of(self.aggregate, each) for each in matched])
        if self.verify:
            with stage("rerank"), one_blas_thread():
                for row, query, passed in zip(scores, features, matched, strict=True):
                    row[:] = self._verified(query, row, passed)
        return scores

    def _matched(self, queries: ImageSet, descriptors: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What this method's measure makes of every gallery image, by query; all measures where they are kept."""
        asked = measures(self.ratio)
        if self._kept is None:
            found = self._bank.measured(descriptors, {self.aggregate: asked[self.aggregate]})
        else:
            like = [forms(query, asked) for query in descriptors]
            found = self._kept(queries, like, lambda: self._bank.measured(descriptors, asked))
        return [each[self.aggregate] for each in found]

    def _pair_score(self, query: LocalFeatures, other: LocalFeatures) -> float:
        _, nearest, second = two_nearest(query.descriptors, other.descriptors, self.root)
        if self.aggregate == "mean-distance":
            return float(minus_mean_distance(nearest[None])[0])
        passed = np.flatnonzero(ratio_passes(nearest, second, self.ratio))
        if not self.verify:
            return len(passed)
        rows, columns = matches_of(query.descriptors, other.descriptors, passed, self.root)
        agree = inliers(query.points[rows], other.points[columns], self.tolerance, self.seed)
        return float(_verified_score(np.array([len(passed)], dtype=np.float32), np.array([agree], dtype=np.float32))[0])

    def _verified(self, query: LocalFeatures, counts: np.ndarray, passed: np.ndarray) -> np.ndarray:
        """Scores (n,) from ratio counts (n,), after verifying the images with most of them; `passed` says which."""
        last = np.sort(counts)[-min(self.shortlist, len(counts))]
        found = np.where((counts >= last) & (counts > 0), 0, -1)
        for image in map(int, np.flatnonzero((found == 0) & (counts >= LEAST_MATCHES))):
            descriptors = self._bank.descriptors(image)
            rows = passing(passed[image], len(query.descriptors))
            left, right = matches_of(query.descriptors, descriptors, rows, self.root)
            found[image] = inliers(query.points[left], self._points[image][right], self.tolerance, self.seed)
        return _verified_score(counts, found)


def _verified_score(counts: np.ndarray, inlier_counts: np.ndarray) -> np.ndarray:
    return inlier_counts + counts / (1 + counts)
