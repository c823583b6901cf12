"""Search by one vector an image, aggregated from its RootSIFT descriptors, with or without geometric verification."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from datasets.imageset import ImageSet
from methods.local_features.bag_of_words import BagOfWords
from methods.local_features.kept_features import KeptFeatures, extraction_code
from methods.local_features.reranking import rerank_best
from methods.local_features.vlad import Vlad
from methods.ranking import Ranking, rank_scores
from methods.sift_features import LocalFeatures, SiftExtractor, unit_descriptors
from methods.sift_pairs import inliers_with
from methods.small_products import one_blas_thread
from methods.stages import stage
from methods.training.kept import content_key, kept

RATIO = 0.8
"""Of Lowe's ratio test, which chooses the matches that are verified."""

TOLERANCE = 6.0
"""Pixels by which a verified match may miss."""


class Aggregation(Protocol):
    """Any number of descriptors (n, d) float32 -> one vector."""

    def fit(self, images: Sequence[np.ndarray]) -> None:
        """Learn from gallery images' descriptors, (n_i, d) each."""
        ...

    def vector(self, descriptors: np.ndarray) -> np.ndarray:
        """One image's vector, float32, of length 1 or 0."""
        ...

    def learned(self) -> dict[str, np.ndarray]:
        """What `fit` learned, by name."""
        ...

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Be as after the `fit` that `learned` these arrays, of an object with the same public attributes."""
        ...


class AggregatedSearch:
    """Scores are 1 + cosine, in 0..2; with `verify` the `shortlist` best are multiplied by 1 + RANSAC inliers.

    What is learned comes from at most `sample` gallery images, drawn with `seed`: the memory it takes is bounded.
    An image without keypoints scores 0, less than any other, and as a query finds all images equally good.
    """

    def __init__(
        self,
        aggregation: Aggregation,
        verify: bool = False,
        max_features: int = 400,
        shortlist: int = 50,
        sample: int = 1000,
        seed: int = 0,
    ) -> None:
        self.aggregation = aggregation
        self.verify = verify
        self.shortlist = shortlist
        self.sample = sample
        self.seed = seed
        self._extractor = SiftExtractor(max_features)
        self._vectors = np.empty((0, 0), dtype=np.float32)
        self._empty = np.empty(0, dtype=bool)
        self._features: list[LocalFeatures] = []
        self._folder: Path | None = None

    def fit(self, gallery: ImageSet) -> None:
        """Learn the aggregation's vocabulary, weights and projection."""
        size = min(self.sample, len(gallery))
        chosen = np.sort(np.random.default_rng(self.seed).choice(len(gallery), size, replace=False))
        sample = gallery.take(chosen)

        def learn(folder: Path | None = None) -> dict[str, np.ndarray]:
            features = self._extractor.extract_all(sample)
            self.aggregation.fit([unit_descriptors(image.descriptors, root=True) for image in features])
            return self.aggregation.learned()

        if self._folder is None:
            learn()
        else:
            settings = self._settings(sample)
            key = content_key(settings, sample, self._code, ("cv2", "faiss", "sklearn"))
            name = type(self.aggregation).__name__.lower()
            self.aggregation.restore(kept(self._folder, name, key, settings, learn))

    def index(self, gallery: ImageSet) -> None:
        """One vector a gallery image; its features are kept only to verify with."""
        vectors, empty, self._features = [], [], []
        with one_blas_thread():
            for features in self._extractor.extract_all(gallery):
                vectors.append(self._vector(features))
                empty.append(not len(features.points))
                if self.verify:
                    self._features.append(features)
        with stage("build"):
            self._vectors = np.stack(vectors)
            self._empty = np.array(empty)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Compare each query's vector with the whole gallery, and verify the best."""
        scores = np.empty((len(queries), len(self._vectors)), dtype=np.float32)
        with one_blas_thread():
            for row, query in zip(scores, self._extractor.extract_all(queries), strict=True):
                vector = self._vector(query)
                with stage("search"):
                    row[:] = self._scores(vector) if len(query.points) else 0
                if self.verify:
                    with stage("rerank"):
                        row[:] = self._verified(query, row)
        with stage("search"):
            return rank_scores(scores, k)

    def reuse(self, folder: Path | None) -> None:
        """Take up features and what was learned of the same images, kept below `folder`; None: make all afresh."""
        self._folder = folder
        self._extractor.kept = None if folder is None else KeptFeatures(folder, self._extractor)

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's vectors and, to verify with, of its features."""
        features = sum(image.nbytes for image in self._features)
        return self._vectors.nbytes + self._empty.nbytes + features

    @property
    def _code(self) -> tuple[str, ...]:
        """The modules that decide what is learned."""
        return (__name__, type(self.aggregation).__module__, *extraction_code(self._extractor))

    def _settings(self, sample: ImageSet) -> dict[str, object]:
        """What is learned of, and how: an aggregation's public attributes are its settings."""
        public = {name: value for name, value in vars(self.aggregation).items() if not name.startswith("_")}
        extractor = self._extractor
        sizes = [extractor.max_features, extractor.short_side, extractor.long_side]
        return {"aggregation": type(self.aggregation).__name__, **public, "features": sizes, "images": len(sample)}

    def _vector(self, features: LocalFeatures) -> np.ndarray:
        with stage("transform"):
            return self.aggregation.vector(unit_descriptors(features.descriptors, root=True))

    def _scores(self, vector: np.ndarray) -> np.ndarray:
        # Rounding must not push an opposite below an image in which there is nothing at all.
        return np.where(self._empty, 0, np.maximum(1 + self._vectors @ vector, np.finfo(np.float32).tiny))

    def _verified(self, query: LocalFeatures, scores: np.ndarray) -> np.ndarray:
        count = inliers_with(query, RATIO, root=True, tolerance=TOLERANCE, seed=self.seed)
        return rerank_best(scores, self.shortlist, lambda image: count(self._features[image]))


def bag_of_words_search(words: int = 2000, verify: bool = False, seed: int = 0) -> AggregatedSearch:
    """Search by tf-idf of visual words (Sivic & Zisserman 2003), learned from 500 images: some 50 keypoints a word."""
    return AggregatedSearch(BagOfWords(words, seed), verify, sample=500, seed=seed)


def vlad_search(
    words: int = 64, components: int = 512, whiten: bool = False, verify: bool = False, seed: int = 0
) -> AggregatedSearch:
    """Search by VLAD (Jegou et al. 2010), `words` x 128 numbers reduced to `components`."""
    return AggregatedSearch(Vlad(words, components, whiten, seed), verify, seed=seed)
