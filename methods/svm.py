"""A support vector machine over the gallery's labels, read as a ranking by its decision values."""

import warnings
from typing import Any, Literal

import numpy as np

from datasets.imageset import ImageSet
from methods.contracts import Encoder
from methods.encoders.hog import Hog
from methods.encoders.pixels import Pixels
from methods.ranking import Ranking, rank_scores
from methods.stages import stage
from methods.vector_method import embed_in_batches

PAIR_VALUES = 1 << 25
"""Pairwise decision values held at once (256 MiB of float64)."""


class SvmClassifier:
    """Standardised features into scikit-learn's SVC with an RBF kernel; supervised.

    An image's score is the query's decision value ("ovr": one-against-one votes, confidence within a vote) for that
    image's label, so all images of a label tie. One-against-one makes a machine for every pair of labels: past
    `max_labels` only those with most gallery images are learned (alphabetically where that ties), and the images of
    the others share one score below every learned label's. `C` and `gamma` default to scikit-learn's.
    """

    def __init__(
        self,
        features: Literal["pixels", "hog"] = "pixels",
        C: float = 1.0,
        gamma: float | Literal["scale", "auto"] = "scale",
        max_labels: int = 1000,
    ) -> None:
        if features not in ("pixels", "hog"):
            raise ValueError(f"SvmClassifier has no features {features!r}; use 'pixels' or 'hog'")
        self.C = C
        self.gamma = gamma
        self.max_labels = max_labels
        self._encoder: Encoder = Pixels() if features == "pixels" else Hog()
        self._classes = np.empty(0, dtype=np.str_)
        self._scaler: Any = None
        self._machine: Any = None
        self._column = np.empty(0, dtype=np.int64)

    def fit(self, gallery: ImageSet) -> None:
        """Learn the gallery's labels; with fewer than two labels there is nothing to tell apart."""
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        labels, counts = np.unique(gallery.labels, return_counts=True)
        self._classes = np.sort(labels[np.argsort(-counts, kind="stable")[: self.max_labels]])
        learned = np.flatnonzero(np.isin(gallery.labels, self._classes))
        if len(self._classes) < 2:
            return
        rows = embed_in_batches(self._encoder, gallery.take(learned))
        codes = np.searchsorted(self._classes, gallery.labels[learned])
        self._scaler = StandardScaler().fit(rows)
        machine = SVC(C=self.C, gamma=self.gamma, kernel="rbf", decision_function_shape="ovo", cache_size=500)
        with warnings.catch_warnings():
            # People with one or two photographs each are what the benchmark is about, no sign of a regression.
            warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
            self._machine = machine.fit(self._scaler.transform(rows), codes)

    def index(self, gallery: ImageSet) -> None:
        """Look up each gallery image's column of decision values; -1 for a label that was not learned."""
        column = np.searchsorted(self._classes, gallery.labels)
        known = np.isin(gallery.labels, self._classes)
        self._column = np.where(known, column, -1)

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Rank the gallery by the decision value of each image's label."""
        rows = embed_in_batches(self._encoder, queries)
        with stage("search"):
            values = self._decisions(rows)
            unlearned = values.min(axis=1, keepdims=True) - 1
            return rank_scores(np.hstack([values, unlearned])[:, self._column], k)

    @property
    def nbytes(self) -> int:
        """Bytes of the support vectors, their coefficients, the scaler and the gallery's columns."""
        arrays = [self._column]
        if self._machine is not None:
            model = self._machine
            arrays += [model.support_vectors_, model._dual_coef_, model._intercept_, self._scaler.mean_]
            arrays += [self._scaler.scale_]
        return sum(array.nbytes for array in arrays)

    def _decisions(self, rows: np.ndarray) -> np.ndarray:
        """Decision values (n, labels), larger for the likelier label."""
        labels = len(self._classes)
        if self._machine is None:
            return np.zeros((len(rows), max(1, labels)))
        step = max(1, 2 * PAIR_VALUES // labels**2)
        rows = self._scaler.transform(rows)
        pairwise = (self._machine.decision_function(rows[i : i + step]) for i in range(0, len(rows), step))
        return np.concatenate([_one_against_rest(values, labels) for values in pairwise])


def _one_against_rest(pairwise: np.ndarray, labels: int) -> np.ndarray:
    """Votes and confidence (n, labels) from one-against-one values (n, pairs), positive for the first of a pair.

    The same numbers as `decision_function_shape="ovr"`, whose loop over pairs takes seconds a query at 600 labels.
    """
    from scipy.sparse import csr_array

    if labels == 2:
        return np.stack([-pairwise, pairwise], axis=1)
    first, second = np.triu_indices(labels, 1)
    pairs = np.arange(len(first))
    entries = np.repeat([1.0, -1.0], len(pairs))
    sides = csr_array((entries, (np.tile(pairs, 2), np.concatenate([first, second]))), (len(pairs), labels))
    votes = (np.where(pairwise < 0, -1.0, 1.0) @ sides + labels - 1) / 2
    confidence = pairwise @ sides
    return votes + confidence / (3 * (abs(confidence) + 1))
