"""Which queries a gallery shows: each method's worst failures, and those on which two methods disagree most.

Told by what each method answered: its first results, and where the first right one stands."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import GroundTruth
from benchmarks.core.judged.relevance import of_labels
from benchmarks.core.scoring import judge_retrieval
from benchmarks.core.store import Store
from benchmarks.metrics.judgement import Judgement
from benchmarks.reporting.tables.groups import Group, rankable
from datasets.selection import hash_order
from methods.ranking import Ranking
from methods.spec import MethodSpec

PER_METHOD = 2
"""Disagreements that one method takes part in: with a far better one it would take part in all."""


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


@dataclass(frozen=True)
class Disagreement:
    """A query (row) to which `better` answers sooner than `worse`."""

    row: int
    better: FirstHits
    worse: FirstHits


def distinct(hits: Sequence[FirstHits]) -> list[tuple[FirstHits, list[str]]]:
    """Methods whose answers differ, each with the names of those that answer exactly the same."""
    kept: list[tuple[FirstHits, list[str]]] = []
    for one in hits:
        same = next((names for other, names in kept if one.shows_the_same_as(other)), None)
        if same is None:
            kept.append((one, []))
        else:
            same.append(one.method)
    return kept


def worst_failures(hits: FirstHits, query_ids: np.ndarray, count: int) -> list[int]:
    """Rows of the `count` queries whose first right result comes last; of equals, by hash of the query's id.

    Left out are queries without an answer, queries in which the method found nothing to search for (there is nothing
    to show) and those answered at once.
    """
    rows = np.flatnonzero((hits.rank > 1) & ~hits.undetected)
    return sorted(rows.tolist(), key=lambda row: (-hits.rank[row], hash_order(str(query_ids[row]))))[:count]


def disagreements(hits: Sequence[FirstHits], gallery: int, query_ids: np.ndarray, count: int) -> list[Disagreement]:
    """The `count` queries with the greatest ratio between two methods' ranks of the first right result.

    A ratio, because ranks 1 and 50 differ by more than ranks 500 and 600. What was never found stands behind the whole
    `gallery`. A query and a pair of methods is shown once, and a method PER_METHOD times at most.
    """
    found = [np.where(np.isinf(one.rank), gallery + 1.0, one.rank) for one in hits]
    candidates = []
    for (one, first), (other, second) in combinations(zip(hits, found, strict=True), 2):
        ratio = np.nan_to_num(np.abs(np.log(first / second)))
        ratio[one.undetected | other.undetected] = 0
        # More than `count` of a pair can never be needed beyond those that other pairs take.
        for row in np.argsort(-ratio, kind="stable")[: 2 * count].tolist():
            if ratio[row] > 0:
                pair = (one, other) if first[row] < second[row] else (other, one)
                candidates.append((-ratio[row], hash_order(str(query_ids[row])), Disagreement(row, *pair)))
    chosen: list[Disagreement] = []
    times: Counter[str] = Counter()
    pairs: set[frozenset[str]] = set()
    for _, _, candidate in sorted(candidates, key=lambda entry: entry[:2]):
        names = frozenset((candidate.better.method, candidate.worse.method))
        if len(chosen) == count:
            break
        if names in pairs or candidate.row in [other.row for other in chosen]:
            continue
        if max(times[name] for name in names) < PER_METHOD:
            chosen.append(candidate)
            pairs.add(names)
            times.update(names)
    return chosen
