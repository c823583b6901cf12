"""What a method answered, as far as galleries show it: the first results, and where the first right one stands."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cells import Cell
from benchmarks.ground_truth import GroundTruth
from benchmarks.judged.relevance import of_labels
from benchmarks.metrics.judgement import Judgement
from benchmarks.scoring import judge_retrieval
from benchmarks.store import Store
from benchmarks.tables.groups import Group, rankable
from methods.ranking import Ranking
from methods.spec import MethodSpec


@dataclass(frozen=True, eq=False)
class FirstHits:
    """One method's answers to q queries; positions are places in the gallery.

    `rank` is the expected rank of the first right result over random orders of what ties: inf where none was found, NaN
    where there is none to find. Ties are shown in the order in which they are stored.
    """

    method: str
    family: str
    supervised: bool
    top: np.ndarray
    """(q, k) int32, best first; -1 past the last result."""
    right: np.ndarray
    """(q,) int32: the first right result, -1 where none was found."""
    rank: np.ndarray
    """(q,) float64."""
    undetected: np.ndarray
    """(q,) bool: the method found nothing to search for."""

    def shows_the_same_as(self, other: "FirstHits") -> bool:
        """Equal answers: an index variant that loses nothing, say."""
        same_rank = np.array_equal(self.rank, other.rank, equal_nan=True)
        return same_rank and np.array_equal(self.top, other.top) and np.array_equal(self.right, other.right)


def group_hits(store: Store, group: Group, k: int) -> list[FirstHits]:
    """The answers of every method of a retrieval group that may be ranked, `k` results each, in catalogue order."""
    names = set(rankable(group.entries))
    relevance = of_labels(group.truth)
    hits = []
    for cell, row, spec in group.entries:
        # One ranking in memory at a time: a full one is as large as queries times gallery.
        if cell.method in names and (judged := judge_retrieval(store, cell, row)) is not None:
            ranking = store.ranking(cell)
            assert ranking is not None  # it has just been judged
            first = relevance.first_right(ranking) if judged.stored is None else judged.stored.first_right
            hits.append(first_hits(group.truth, cell, spec, ranking, judged.judgement, first, k))
    return hits


def first_hits(
    truth: GroundTruth,
    cell: Cell,
    spec: MethodSpec,
    ranking: Ranking,
    judgement: Judgement,
    right: np.ndarray,
    k: int,
) -> FirstHits:
    """The first `k` results of a ranking, or of its beginning; `right` (q,) is the right one that stands first."""
    rank = np.where(judgement.scored, np.inf, np.nan)
    blocks = judgement.first_blocks
    # The least of p places drawn from s is (s + 1) / (p + 1) on average.
    rank[blocks.query] = blocks.above + (blocks.size + 1) / (blocks.positives + 1)
    top = np.full((len(rank), k), -1, dtype=np.int32)
    for row, ids in enumerate(ranking.ids):
        results = ids[truth.counts(row, ids)][:k]
        top[row, : len(results)] = results
    supervised = spec.supervised and spec.family != "canary"
    return FirstHits(cell.method, spec.family, supervised, top, right, rank, ranking.undetected)
