"""SIFT matching: an image is as relevant as it has keypoints like the query's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from methods.local_features.kept_features import KeptFeatures
from methods.ranking import Ranking, rank_scores
from methods.sift_bank import Aggregate, DescriptorBank
from methods.sift_features import LocalFeatures, SiftExtractor
from methods.sift_pairs import pair_inliers, ratio_passes, two_nearest
from methods.small_products import one_blas_thread
from methods.stages import stage


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
        self.aggregate: Callable[[np.ndarray, np.ndarray], np.ndarray] = (
            self._ratio_count if aggregate == "ratio-count" else _minus_mean_distance
        )
        self.ratio = ratio
        self.root = root
        self.shortlist = shortlist
        self.tolerance = tolerance
        self.seed = seed
        self._extractor = SiftExtractor(max_features, short_side)
        self._bank = DescriptorBank([], root)
        self._points: list[np.ndarray] = []

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Extract every gallery image's features; where they lie in the image is kept only to verify with."""
        features = list(self._extractor.extract_all(gallery))
        with stage("build"):
            self._bank = DescriptorBank([image.descriptors for image in features], self.root)
        self._points = [image.points for image in features] if self.verify else []

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Match each query with the whole gallery, one query at a time."""
        scores = np.empty((len(queries), len(self._bank)), dtype=np.float32)
        for row, query in zip(scores, self._extractor.extract_all(queries), strict=True):
            with stage("search"):
                row[:] = self._bank.scores(query.descriptors, self.aggregate)
            if self.verify:
                with stage("rerank"), one_blas_thread():
                    row[:] = self._verified(query, row)
        with stage("search"):
            return rank_scores(scores, k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """The score of right[i] for the query left[i], (n,) float32; with `verify`, every pair is verified."""
        scores = np.empty(len(left), dtype=np.float32)
        for row, (query, other) in enumerate(self._extractor.extract_pairs(left, right)):
            with one_blas_thread():
                _, nearest, second = two_nearest(query.descriptors, other.descriptors, self.root)
                scores[row] = self.aggregate(nearest[None], second[None])[0]
                if self.verify:
                    scores[row] = _verified_score(scores[row], self._inliers(query, other))
        return scores

    def reuse(self, folder: Path | None) -> None:
        """Take up features kept below `folder`; None: extract all afresh."""
        self._extractor.kept = None if folder is None else KeptFeatures(folder, self._extractor)

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's descriptors and, to verify with, of its keypoints."""
        return self._bank.nbytes + sum(points.nbytes for points in self._points)

    def _ratio_count(self, nearest: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.count_nonzero(ratio_passes(nearest, second, self.ratio), axis=1)

    def _verified(self, query: LocalFeatures, counts: np.ndarray) -> np.ndarray:
        """Scores (n,) from ratio counts (n,), after verifying the images with most of them."""
        last = np.sort(counts)[-min(self.shortlist, len(counts))]
        found = np.full(len(counts), -1)
        for image in map(int, np.flatnonzero((counts >= last) & (counts > 0))):
            candidate = LocalFeatures(self._points[image], self._bank.descriptors(image))
            found[image] = self._inliers(query, candidate)
        return _verified_score(counts, found)

    def _inliers(self, left: LocalFeatures, right: LocalFeatures) -> int:
        return pair_inliers(left, right, self.ratio, self.root, self.tolerance, self.seed)


def _verified_score(count: np.ndarray, inlier_count: np.ndarray | int) -> np.ndarray:
    return inlier_count + count / (1 + count)


def _minus_mean_distance(nearest: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Minus the mean distance of unit vectors; sqrt(2), orthogonality, is the farthest two histograms can be."""
    similarity = np.clip(nearest, 0, 1)
    if not similarity.shape[1]:
        return np.full(len(similarity), -np.sqrt(2), dtype=np.float32)
    return -np.sqrt(2 - 2 * similarity).mean(axis=1)
