"""Re-ranking by neighbours that two images share and that hold each other near: k-reciprocal encoding."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from methods.indexes.expansion import blocks, nth_largest, unit_rows
from methods.indexes.topk import top_k
from methods.stages import stage

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class ReciprocalIndex:
    """Cosine search, re-ranked by the Jaccard distance of k-reciprocal neighbourhoods (Zhong et al., CVPR 2017).

    An image is encoded by its k-reciprocal neighbours: those among its `near` nearest that have it among theirs, and
    their own, found with half as many, where two thirds of these are known already; each weighs exp(-distance). The
    code is then averaged over the `close` nearest. The score is minus `share` times the cosine distance, and the rest
    of the Jaccard distance of the two codes. Defaults are the paper's.

    Different from the paper a query is on its own: other queries are no neighbours of it, nor it one of the gallery's,
    as where people ask one after another. Being among the nearest goes by distance, so ties are in together.
    """

    metric: Literal["cosine"] = "cosine"

    def __init__(self, near: int = 20, close: int = 6, share: float = 0.3) -> None:
        self.near = near
        self.close = close
        self.share = share
        self._half = max(1, round(near / 2))
        self._vectors = np.empty((0, 0), dtype=np.float32)
        self._reach = self._half_reach = np.empty((0, 1), dtype=np.float32)
        self._half_near: Any = None
        self._codes: Any = None
        self._by_neighbour: Any = None

    def add(self, vectors: np.ndarray) -> None:
        """Keep gallery vectors (n, d) at unit length, and the code of each."""
        from scipy.sparse import vstack

        self._vectors = rows = unit_rows(vectors)
        if not len(rows):
            return
        reach, half_reach, close = [], [], []
        for block in blocks(rows, rows):
            cosines = block @ rows.T
            # A gallery row is the nearest of itself: one more than the neighbours asked for.
            reach.append(nth_largest(cosines, self.near + 1))
            half_reach.append(nth_largest(cosines, self._half + 1))
            close.append(_sparse(cosines >= nth_largest(cosines, self.close)))
        self._reach, self._half_reach = np.concatenate(reach), np.concatenate(half_reach)
        near, half_near, start = [], [], 0
        for block in blocks(rows, rows):  # products again: all of them at once would not fit in memory
            cosines, place = block @ rows.T, slice(start, start + len(block))
            start += len(block)
            near.append(_sparse(cosines >= np.maximum(self._reach[place], self._reach.T)))
            half_near.append(_sparse(cosines >= np.maximum(self._half_reach[place], self._half_reach.T)))
        self._half_near = vstack(half_near).tocsr()
        codes = _to_one(self._weights(self._expanded(vstack(near).tocsr()), rows))
        self._codes = (_to_one(vstack(close).tocsr()) @ codes).tocsr()
        self._by_neighbour = self._codes.tocsc()

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32 of 0 or less."""
        k = min(k, len(self._vectors))
        if k == 0 or not len(vectors):
            return np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        found = [top_k(self._scores(each), k) for each in blocks(unit_rows(vectors), self._vectors)]
        ids, scores = zip(*found, strict=True)
        return np.concatenate(ids), np.concatenate(scores)

    @property
    def nbytes(self) -> int:
        """Bytes of the vectors, the codes (by image and by neighbour), half as many neighbours, and reaches."""
        kept = [self._vectors.nbytes, self._reach.nbytes, self._half_reach.nbytes]
        sparse = [each for each in (self._half_near, self._codes, self._by_neighbour) if each is not None]
        return sum(kept) + sum(each.data.nbytes + each.indices.nbytes + each.indptr.nbytes for each in sparse)

    def _expanded(self, near: "csr_array") -> "csr_array":
        """(q, n) neighbours, and those of each neighbour whose own are, by two thirds, among them.

        Being mutual, the neighbours that are found with half as many read the same by row and by column.
        """
        own = np.asarray(self._half_near.sum(axis=1)).ravel()
        shared = near.multiply(near @ self._half_near).tocsr()
        shared.data = (shared.data >= own[shared.indices] * 2 / 3).astype(np.float32)
        shared.eliminate_zeros()
        found = (near + shared @ self._half_near).tocsr()
        found.data[:] = 1
        return found

    def _weights(self, neighbours: "csr_array", rows: np.ndarray) -> "csr_array":
        """The same neighbours of `rows`, each weighing exp(-distance), the distance being 1 - cosine."""
        found = neighbours.tocsr().astype(np.float32)
        for row, (start, end) in enumerate(zip(found.indptr[:-1], found.indptr[1:], strict=True)):
            found.data[start:end] = np.exp(self._vectors[found.indices[start:end]] @ rows[row] - 1)
        return found

    def _scores(self, queries: np.ndarray) -> np.ndarray:
        cosines = queries @ self._vectors.T
        with stage("rerank"):
            reach = nth_largest(cosines, self.near)
            near = _sparse(cosines >= np.maximum(reach, self._reach.T))
            # The query is a neighbour of itself, of weight exp(0), that no gallery row shares.
            weights = self._weights(self._expanded(near), queries)
            totals = 1 + np.asarray(weights.sum(axis=1)).ravel()
            code = weights.multiply(1 / totals[:, None]).tocsr()
            if self.close > 1:
                closest = _sparse(cosines >= nth_largest(cosines, self.close - 1))
                number = 1 + np.asarray(closest.sum(axis=1)).ravel()
                code = ((code + closest @ self._codes).multiply(1 / number[:, None])).tocsr()
            common = np.stack([self._common(code[[row]]) for row in range(len(queries))])
        jaccard = 1 - common / (2 - common)
        return -((1 - self.share) * jaccard + self.share * (1 - cosines)).astype(np.float32)

    def _common(self, code: "csr_array") -> np.ndarray:
        """(n,) what the code of one query and that of each gallery row share: the sum of the smaller weights.

        Both sum to 1, so the sum of the larger ones is 2 less this.
        """
        total = np.zeros(len(self._vectors), dtype=np.float64)
        for neighbour, weight in zip(code.indices, code.data, strict=True):
            start, end = self._by_neighbour.indptr[neighbour : neighbour + 2]
            total[self._by_neighbour.indices[start:end]] += np.minimum(self._by_neighbour.data[start:end], weight)
        return total


def _sparse(chosen: np.ndarray) -> "csr_array":
    from scipy.sparse import csr_array

    return csr_array(chosen, dtype=np.float32)


def _to_one(rows: "csr_array") -> "csr_array":
    """Rows that sum to 1."""
    totals = np.asarray(rows.sum(axis=1)).ravel()
    return rows.multiply(1 / np.maximum(totals, np.finfo(np.float32).tiny)[:, None]).tocsr()
