"""KMeans, then nearest neighbours inside the query's cluster: an inverted file."""

import numpy as np

from methods.distances import Metric
from methods.indexes.exact import ExactIndex
from methods.indexes.topk import top_k


class KMeansIndex:
    """`clusters` inverted lists, of which a query searches the `nprobe` with the nearest centroids.

    R4's "KMeans K=6 + kNN" is nprobe=1: faster than exact search, and it can only lose neighbours. A query whose
    lists hold fewer than k rows gets fewer results; with nprobe = clusters the answer is the exact one.
    """

    metric: Metric = "l2"

    def __init__(self, clusters: int = 6, nprobe: int = 1, seed: int = 0) -> None:
        if not 1 <= nprobe <= clusters:
            raise ValueError(f"nprobe is {nprobe}, but must lie between 1 and the number of clusters, {clusters}")
        self.clusters = clusters
        self.nprobe = nprobe
        self.seed = seed
        self._centroids = ExactIndex("l2")
        self._members: list[np.ndarray] = []
        self._lists: list[ExactIndex] = []
        self._size = 0

    def add(self, vectors: np.ndarray) -> None:
        """Cluster gallery vectors (n, d) and build one exact list per cluster that has members."""
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._size = len(vectors)
        if not self._size:
            return
        model = KMeans(min(self.clusters, self._size), random_state=self.seed)
        # Threads add up the centroids in any order; one thread makes the last bits, and so the lists, repeatable.
        with threadpool_limits(1, user_api="openmp"):
            assigned = model.fit_predict(vectors)
        filled = np.unique(assigned)
        self._centroids.add(model.cluster_centers_[filled])
        for cluster in filled:
            self._members.append(np.flatnonzero(assigned == cluster).astype(np.int32))
            self._lists.append(ExactIndex("l2"))
            self._lists[-1].add(vectors[self._members[-1]])

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows in each query's lists: ids (q, k) int32, scores (q, k) float32, tail -1 and -inf."""
        k = min(k, self._size)
        probes, _ = self._centroids.search(vectors, self.nprobe)
        ids = np.full((len(vectors), probes.shape[1], k), -1, dtype=np.int32)
        scores = np.full(ids.shape, -np.inf, dtype=np.float32)
        for cluster, (members, exact) in enumerate(zip(self._members, self._lists, strict=True)):
            query, probe = np.nonzero(probes == cluster)
            if len(query):
                hits, values = exact.search(vectors[query], k)
                ids[query, probe, : hits.shape[1]] = members[hits]
                scores[query, probe, : hits.shape[1]] = values
        best, merged = top_k(scores.reshape(len(vectors), probes.shape[1] * k), k)
        found = np.take_along_axis(ids.reshape(len(vectors), probes.shape[1] * k), best, axis=1)
        return np.where(best >= 0, found, np.int32(-1)), merged

    @property
    def nbytes(self) -> int:
        """Bytes of the lists, their members' positions and the centroids."""
        lists = sum(exact.nbytes + members.nbytes for exact, members in zip(self._lists, self._members, strict=True))
        return lists + self._centroids.nbytes
