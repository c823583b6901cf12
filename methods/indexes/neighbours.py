"""scikit-learn's NearestNeighbors, the index of four of the five reports."""

from typing import Any, Literal

import numpy as np

Algorithm = Literal["auto", "ball_tree", "kd_tree", "brute"]


class NearestNeighboursIndex:
    """Exact search by a tree or by brute force, as scikit-learn does it.

    "l2" is its `metric="minkowski", p=2`; "cosine" works with the algorithms "brute" and "auto" (which is then brute).
    """

    def __init__(
        self, algorithm: Algorithm = "auto", metric: Literal["l2", "cosine"] = "l2", leaf_size: int = 30
    ) -> None:
        if metric == "cosine" and algorithm not in ("auto", "brute"):
            raise ValueError(f"scikit-learn's {algorithm} cannot search by cosine; use algorithm='brute'")
        self.algorithm = algorithm
        self.metric = metric
        self.leaf_size = leaf_size
        self._model: Any = None

    def add(self, vectors: np.ndarray) -> None:
        """Build over gallery vectors (n, d)."""
        from sklearn.neighbors import NearestNeighbors

        if not len(vectors):
            return
        metric = "minkowski" if self.metric == "l2" else "cosine"
        model = NearestNeighbors(algorithm=self.algorithm, metric=metric, p=2, leaf_size=self.leaf_size)
        self._model = model.fit(np.ascontiguousarray(vectors, dtype=np.float32))

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        if self._model is None:
            return np.empty((len(vectors), 0), dtype=np.int32), np.empty((len(vectors), 0), dtype=np.float32)
        k = min(k, self._model.n_samples_fit_)
        distances, ids = self._model.kneighbors(np.asarray(vectors, dtype=np.float32), n_neighbors=k)
        scores = -distances if self.metric == "l2" else 1 - distances
        return ids.astype(np.int32), scores.astype(np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors and of the tree's own arrays (its copy of the vectors, order, nodes, bounds)."""
        if self._model is None:
            return 0
        vectors, tree = self._model._fit_X, self._model._tree
        if tree is None:
            return vectors.nbytes
        arrays = [np.asarray(array) for array in tree.get_arrays()]
        own = sum(array.nbytes for array in arrays)
        return own if np.shares_memory(arrays[0], vectors) else own + vectors.nbytes
