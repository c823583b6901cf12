"""Which gallery images are right for which query: the same rule inside a cell and when stored answers are scored."""

from dataclasses import dataclass

import numpy as np

from benchmarks.core.ground_truth import GroundTruth
from benchmarks.metrics.judgement import Judgement, judge
from methods.ranking import Ranking


@dataclass(frozen=True, eq=False)
class Relevance:
    """Right is a gallery image with the query's label, unless the two are a pair of `junk`: neither right nor wrong."""

    gallery: np.ndarray
    """(n,) int64: a number for each label."""
    queries: np.ndarray
    """(q,) int64: the same numbers."""
    junk: np.ndarray
    """(m, 2) int64 pairs of query and gallery position, ordered by query."""

    def block(self, start: int, stop: int) -> "Relevance":
        """That of the queries from `start` on, before `stop`."""
        first, last = np.searchsorted(self.junk[:, 0], [start, stop])
        return Relevance(self.gallery, self.queries[start:stop], self.junk[first:last] - [start, 0])

    def take(self, rows: np.ndarray) -> "Relevance":
        """That of the queries `rows` (m,), which are all different."""
        place = np.full(len(self.queries), -1)
        place[rows] = np.arange(len(rows))
        junk = np.stack([place[self.junk[:, 0]], self.junk[:, 1]], axis=1)
        junk = junk[junk[:, 0] >= 0]
        return Relevance(self.gallery, self.queries[rows], junk[np.lexsort((junk[:, 1], junk[:, 0]))])

    def judge(self, ranking: Ranking) -> Judgement:
        """Judge a ranking of these queries; raises BenchmarkError where it is none of them over this gallery."""
        return judge(ranking, self.gallery, self.queries, junk=self.junk)

    def first_right(self, ranking: Ranking) -> np.ndarray:
        """(q,) int32: the right image that stands first as the ranking is stored, -1 where none was found."""
        if not ranking.ids.shape[1]:
            return np.full(len(ranking.ids), -1, dtype=np.int32)
        right = (self.gallery[ranking.ids] == self.queries[:, None]) & (ranking.ids >= 0)
        rows, starts = np.unique(self.junk[:, 0], return_index=True)
        for row, positions in zip(rows, np.split(self.junk[:, 1], starts[1:]), strict=False):
            right[row] &= ~np.isin(ranking.ids[row], positions)
        first, every = right.argmax(axis=1), np.arange(len(right))
        return np.where(right[every, first], ranking.ids[every, first], -1).astype(np.int32)


def of_labels(truth: GroundTruth, rows: np.ndarray | None = None) -> Relevance:
    """Of retrieval: images of the query's label are right. `rows` (r,) are the queries asked; all unless given."""
    rows = np.arange(len(truth.query_ids)) if rows is None else rows
    n = len(truth.gallery_labels)
    codes = np.unique(np.concatenate([truth.gallery_labels, truth.query_labels[rows]]), return_inverse=True)[1]
    return Relevance(codes[:n], codes[n:], truth.junk(rows))


def of_originals(truth: GroundTruth, originals: np.ndarray) -> Relevance:
    """Of robustness: for a distorted copy of the gallery image at `originals` (q,) that image alone is right."""
    originals = originals.astype(np.int64)
    return Relevance(np.arange(len(truth.gallery_ids)), originals, truth.twins(originals))
