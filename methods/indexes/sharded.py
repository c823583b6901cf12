"""Exact search over a gallery in shards, of which one at a time is in memory: for galleries larger than that."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from methods.distances import Metric
from methods.indexes.exact import CHUNK, ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.topk import top_k

Found = tuple[np.ndarray, np.ndarray]
"""ids (q, k) int32 and scores (q, k) float32, best first, of equal scores the lower id first; tail -1 and -inf."""


def merge_top_k(parts: Sequence[Found], k: int) -> Found:
    """The best `k` of what was found in parts of a gallery: what one search of the whole would have found.

    Every id of a part is lower than every id of the parts after it, so that ties are settled as in the whole: the lower
    id goes first. Rows with fewer than k results end in -1 and -inf.
    """
    ids = np.concatenate([ids for ids, _ in parts], axis=1)
    columns, scores = top_k(np.concatenate([scores for _, scores in parts], axis=1), k)
    return np.where(columns >= 0, np.take_along_axis(ids, columns, axis=1), np.int32(-1)), scores


class ShardedIndex:
    """Brute force over shards, with the formulas and the tie rule of ExactIndex ("l2", "cosine") and HammingIndex.

    Scores are those indexes' scores to the rounding of a float32 product, which a matrix library may do differently in
    matrices of another shape; for codes they are the same to the bit. Shards are read anew by every search, a batch of
    queries at a time: ask many at once.
    """

    def __init__(self, metric: Metric = "l2") -> None:
        self.metric = metric
        self._shards: Sequence[np.ndarray] = ()
        self._offsets: list[int] = []
        self._size = 0
        self._centre = np.empty(0, dtype=np.float32)

    def add(self, shards: Sequence[np.ndarray]) -> None:
        """Search in these shards, each (n, d); ids count through them. A row of NaN is counted and never found.

        `shards[i]` may map its file anew each time, so that it leaves memory when it was used. One pass over all of
        them finds the mean that "l2" measures about.
        """
        self._shards = shards
        self._offsets, self._size = [], 0
        total, counted = None, 0
        for shard in shards:
            self._offsets.append(self._size)
            self._size += len(shard)
            if self.metric == "l2":
                rows = shard[_has_row(shard)]
                counted += len(rows)
                # Row by row in their order, as ExactIndex' mean of them all is: the same to the last bit.
                total = np.add.reduce(rows if total is None else np.vstack([total, rows]), axis=0, dtype=np.float32)
        if total is not None:
            self._centre = total / np.float32(max(counted, 1))

    def search(self, vectors: np.ndarray, k: int) -> Found:
        """The k nearest gallery rows of each query (q, d): ids (q, k) int32, scores (q, k) float32."""
        k = min(k, self._size)
        best = _nothing(len(vectors))
        if not len(vectors):
            return _padded(best, k)
        for offset, shard in zip(self._offsets, self._shards, strict=True):
            best = merge_top_k([best, self._in_shard(shard, offset, vectors, k)], k)
        ids, scores = _padded(best, k)
        return ids, -np.sqrt(-scores) if self.metric == "l2" else scores

    @property
    def nbytes(self) -> int:
        """Bytes of the shards, on disk or wherever they lie, and of their mean."""
        return sum(shard.nbytes for shard in self._shards) + self._centre.nbytes

    def _in_shard(self, shard: np.ndarray, offset: int, queries: np.ndarray, k: int) -> Found:
        positions = np.flatnonzero(_has_row(shard)).astype(np.int32)
        rows = shard if len(positions) == len(shard) else shard[positions]
        if self.metric == "hamming":
            codes = HammingIndex()
            codes.add(rows)
            found = codes.search(queries, k)
        else:
            found = RowsAbout(self.metric, self._centre, rows).nearest(queries, k)
        return positions[found[0]] + np.int32(offset), found[1]


class RowsAbout(ExactIndex):
    """ExactIndex over one shard (n, d), about a centre (d,) that all shards share: their mean, or one near it."""

    def __init__(self, metric: Literal["l2", "cosine"], centre: np.ndarray, rows: np.ndarray) -> None:
        super().__init__(metric)
        self._centre = centre
        self._keep(self._prepared(rows))

    def nearest(self, queries: np.ndarray, k: int) -> Found:
        """Like `search`, but "l2" scores stay squared: two that differ may have the same root, and be no tie."""
        k = min(k, len(self._vectors))
        if k == 0:
            return _nothing(len(queries))
        step = max(1, CHUNK // max(self._vectors.shape))
        starts = range(0, len(queries), step)
        parts = [top_k(self._scores(self._prepared(queries[start : start + step])), k) for start in starts]
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([scores for _, scores in parts])


def _has_row(shard: np.ndarray) -> np.ndarray:
    """(n,) bool: False where a row says that there was nothing to encode."""
    return np.ones(len(shard), dtype=bool) if shard.dtype == np.uint8 else ~np.isnan(shard[:, 0])


def _nothing(queries: int) -> Found:
    return np.empty((queries, 0), dtype=np.int32), np.empty((queries, 0), dtype=np.float32)


def _padded(found: Found, k: int) -> Found:
    missing = ((0, 0), (0, k - found[0].shape[1]))
    return (
        np.pad(found[0], missing, constant_values=-1),
        np.pad(found[1], missing, constant_values=-np.inf),
    )
