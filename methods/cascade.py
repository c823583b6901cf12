"""Three stages, costly ones only for the queries that need them: a perceptual hash, an embedding, a check by SIFT."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from datasets.imageset import ImageSet
from methods.encoders.hashes import PerceptualHash
from methods.encoders.onnx_network import OnnxNetwork
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.local_features.kept_features import KeptFeatures
from methods.local_features.reranking import rerank_best
from methods.ranking import Ranking, rank_scores
from methods.sift_features import LocalFeatures, SiftExtractor
from methods.sift_pairs import inliers_with
from methods.small_products import one_blas_thread
from methods.stages import stage
from methods.vector_method import embed_in_batches


class HashEmbeddingSift:
    """Copies that a hash finds and SIFT confirms are answered so; every other query is embedded, and the best checked.

    First, images whose pHash differs in at most `near` bits are checked: one is confirmed by `confirmed` SIFT features
    that fit together. A query with a confirmed image is never embedded; its other images rank by their hashes. The rest
    rank by the cosine of a network's rows, and the best `shortlist` are checked. Scores are from 0 to 1, times 1 +
    the features that fit together (see `rerank_best`), so that one threshold can serve all queries.

    Stages: "encode" is hash, network and SIFT of the query, "search" both nearest-neighbour searches, "rerank" the
    checks. `network` holds settings of OnnxNetwork.
    """

    def __init__(
        self,
        weights: Path | None = None,
        *,
        network: Mapping[str, Any],
        near: int = 10,
        confirmed: int = 12,
        shortlist: int = 20,
        ratio: float = 0.8,
        tolerance: float = 6.0,
        seed: int = 0,
    ) -> None:
        self.near = near
        self.confirmed = confirmed
        self.shortlist = shortlist
        self.ratio, self.tolerance, self.seed = ratio, tolerance, seed
        self.embedded = 0
        """Queries that were embedded, of all searched for so far."""
        self._hash, self._network = PerceptualHash("phash"), OnnxNetwork(weights, **network)
        self._hashes, self._vectors = HammingIndex(), ExactIndex("cosine")
        self._extractor = SiftExtractor()
        self._features: list[LocalFeatures] = []

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Hashes, rows and SIFT features of all gallery images: which of them a query needs is not known before."""
        hashes, rows = (embed_in_batches(each, gallery) for each in (self._hash, self._network))
        self._features = list(self._extractor.extract_all(gallery))
        with stage("build"):
            self._hashes.add(hashes)
            self._vectors.add(rows)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Rank the gallery for each query; those that the hash does not answer are embedded together."""
        n = len(self._features)
        features = list(self._extractor.extract_all(queries))
        hashes = embed_in_batches(self._hash, queries)
        with stage("search"):
            differing = -_dense(self._hashes.search(hashes, n), n)
        scores = (1 - differing / 64).astype(np.float32)
        answered = np.zeros(len(queries), dtype=bool)
        for row, query in enumerate(features):
            near = np.flatnonzero(differing[row] <= self.near)
            fitting = self._checked(query, near)
            answered[row] = (fitting >= self.confirmed).any()
            scores[row, near] *= 1 + np.where(fitting >= self.confirmed, fitting, 0)
        rest = np.flatnonzero(~answered)
        self.embedded += len(rest)
        if len(rest) and n:
            rows = embed_in_batches(self._network, queries.take(rest))
            with stage("search"):
                cosines = _dense(self._vectors.search(rows, n), n)
            for place, cosine in zip(rest, cosines, strict=True):
                scores[place] = self._reranked(features[place], np.clip((1 + cosine) / 2, 0, 1))
        with stage("search"):
            return rank_scores(scores, k)

    def reuse(self, folder: Path | None) -> None:
        """Take up features kept below `folder`; None: extract all afresh."""
        self._extractor.kept = None if folder is None else KeptFeatures(folder, self._extractor)

    @property
    def nbytes(self) -> int:
        """Bytes of the gallery's hashes, rows and features."""
        return self._hashes.nbytes + self._vectors.nbytes + sum(each.nbytes for each in self._features)

    def _reranked(self, query: LocalFeatures, scores: np.ndarray) -> np.ndarray:
        with stage("rerank"), one_blas_thread():
            count = self._counting(query)
            return rerank_best(scores, self.shortlist, lambda image: count(self._features[image]))

    def _checked(self, query: LocalFeatures, images: Iterable[int]) -> np.ndarray:
        with stage("rerank"), one_blas_thread():
            count = self._counting(query)
            return np.array([count(self._features[image]) for image in images], dtype=np.int64)

    def _counting(self, query: LocalFeatures) -> Callable[[LocalFeatures], int]:
        return inliers_with(query, self.ratio, False, self.tolerance, self.seed)


def _dense(found: tuple[np.ndarray, np.ndarray], n: int) -> np.ndarray:
    """(q, n) scores by gallery image, of a search for all n."""
    ids, scores = found
    dense = np.empty((len(ids), n), dtype=np.float32)
    np.put_along_axis(dense, ids.astype(np.int64), scores, axis=1)
    return dense
