"""ORB and AKAZE: local features whose descriptors are bits, matched by differing bits."""

from pathlib import Path

import numpy as np

from datasets.imageset import ImageSet
from methods.local_features.binary_bank import BinaryBank, pair_passing
from methods.local_features.binary_features import BinaryExtractor, Detector
from methods.local_features.kept_features import KeptFeatures
from methods.ranking import Ranking, rank_scores
from methods.stages import stage


class BinaryMatching:
    """A Method and Verifier: an image's score is how many of the query's descriptors pass the ratio test in it.

    A descriptor passes where its nearest in the image differs in less than `ratio` times the bits of its second nearest
    (Lowe 2004). An image with fewer than two descriptors has no second nearest and scores 0. The `max_features`
    strongest points count.
    """

    def __init__(
        self,
        detector: Detector = "orb",
        ratio: float = 0.8,
        max_features: int = 200,
        short_side: int = 128,
        long_side: int = 640,
    ) -> None:
        self.ratio = ratio
        self.extractor = BinaryExtractor(detector, max_features, short_side, long_side)
        self._bank = BinaryBank([])

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Extract every gallery image's descriptors."""
        features = list(self.extractor.extract_all(gallery))
        with stage("build"):
            self._bank = BinaryBank(features)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Match each query with the whole gallery, one query at a time."""
        scores = np.empty((len(queries), len(self._bank)), dtype=np.float32)
        for row, query in zip(scores, self.extractor.extract_all(queries), strict=True):
            with stage("search"):
                row[:] = self._bank.passing(query, self.ratio)
        with stage("search"):
            return rank_scores(scores, k)

    def similarity(self, left: ImageSet, right: ImageSet) -> np.ndarray:
        """The score of right[i] for the query left[i], (n,) float32."""
        pairs = self.extractor.extract_pairs(left, right)
        return np.array([pair_passing(query, image, self.ratio) for query, image in pairs], dtype=np.float32)

    def reuse(self, folder: Path | None) -> None:
        """Take up features kept below `folder`; None: extract all afresh."""
        self.extractor.kept = None if folder is None else KeptFeatures(folder, self.extractor)

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's descriptors."""
        return self._bank.nbytes
