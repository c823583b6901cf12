"""From a ranking to what its metrics need: where each query's positives lie, up to ties."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from benchmarks.metrics.junk import equal_pairs
from benchmarks.metrics.rows import JudgedRows, judge_rows
from benchmarks.metrics.tie_blocks import TieBlocks
from datasets.errors import BenchmarkError
from methods.ranking import Ranking

CUTOFFS = (1, 5, 10, 20, 25)
"""The k of every metric "@k"."""

_CELLS = 2_000_000
"""Ranking cells judged at once: bounds the working memory at some 30 MB and keeps it in cache."""


@dataclass(frozen=True)
class Judgement:
    """The sufficient statistic of every metric, for q queries; no metric looks at the ranking again.

    The query itself and its junk are already gone from all counts.
    """

    blocks: TieBlocks
    """Tie blocks that hold positives."""
    positives: np.ndarray
    """(q,) int64: positives in the gallery, retrieved or not."""
    candidates: np.ndarray
    """(q,) int64: gallery images that could be ranked."""
    undetected_queries: np.ndarray
    """(q,) bool: the method found nothing to search for."""
    tied_cuts: dict[int, np.ndarray]
    """For each of CUTOFFS, (q,) bool: results k and k + 1 share a score, so the scores do not decide the top k."""
    votes: dict[int, np.ndarray]
    """For each of CUTOFFS, (q,) float64: share of the true label in the win of a vote of the top k (votes.py)."""
    whole: bool = True
    """False where `blocks` are only the first with a positive and those above the deepest of CUTOFFS."""

    def __len__(self) -> int:
        return len(self.positives)

    @property
    def scored(self) -> np.ndarray:
        """(q,) bool: queries that have a positive and so take part in averages."""
        return self.positives > 0

    @property
    def without_positive(self) -> int:
        """How many queries are left out because nothing in the gallery could be right."""
        return int(np.count_nonzero(~self.scored))

    @property
    def undetected(self) -> int:
        """How many of the scored queries score 0 because the method found nothing to search for."""
        return int(np.count_nonzero(self.undetected_queries & self.scored))

    @property
    def all_blocks(self) -> TieBlocks:
        """Blocks with all positives that were found; raises ValueError where they are not all here."""
        if not self.whole:
            raise ValueError("a judgement of first results alone has no average precision: score the stored answers")
        return self.blocks

    @cached_property
    def first_blocks(self) -> TieBlocks:
        """For each query with a positive retrieved, the block that holds the first."""
        return self.blocks.take(np.flatnonzero(self.blocks.positives_above == 0))

    @cached_property
    def head_blocks(self) -> TieBlocks:
        """The blocks that reach into the deepest of CUTOFFS."""
        return self.blocks.take(np.flatnonzero(self.blocks.above < max(CUTOFFS)))

    def blocks_above(self, cutoff: int | np.ndarray) -> TieBlocks:
        """The blocks that begin above rank `cutoff`, an int or one cut for each query (q,)."""
        if not isinstance(cutoff, np.ndarray):
            blocks = self.head_blocks if cutoff <= max(CUTOFFS) else self.all_blocks
            return blocks.take(np.flatnonzero(blocks.above < cutoff))
        blocks = self.all_blocks
        return blocks.take(np.flatnonzero(blocks.above < cutoff[blocks.query]))

    def sums(self, blocks: TieBlocks, values: np.ndarray) -> np.ndarray:
        """Sum of `values` (b,) over each query's blocks: (q,) float64, NaN for queries left out."""
        return self.only_scored(np.bincount(blocks.query, weights=values, minlength=len(self)))

    def take(self, rows: np.ndarray) -> "Judgement":
        """That of the queries `rows` (m,), which are all different, in that order."""
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        query = place[self.blocks.query]
        kept = np.flatnonzero(query >= 0)
        blocks = self.blocks.take(kept[np.argsort(query[kept], kind="stable")])
        return Judgement(
            replace(blocks, query=place[blocks.query]),
            self.positives[rows],
            self.candidates[rows],
            self.undetected_queries[rows],
            {k: tied[rows] for k, tied in self.tied_cuts.items()},
            {k: votes[rows] for k, votes in self.votes.items()},
            self.whole,
        )

    def only_scored(self, values: np.ndarray) -> np.ndarray:
        """`values` (q,) as float64 with NaN for queries left out."""
        return np.where(self.scored, values.astype(np.float64), np.nan)


def judge(
    ranking: Ranking,
    gallery_labels: np.ndarray,
    query_labels: np.ndarray,
    gallery_ids: np.ndarray | None = None,
    query_ids: np.ndarray | None = None,
    junk: np.ndarray | None = None,
) -> Judgement:
    """Judge a ranking: a gallery image is a positive of a query when their labels are equal.

    Args:
        ranking: q queries, best first; for exact metrics as deep as the gallery. In a shallower or approximate
            ranking the positives that are missing count as never found.
        gallery_labels: (n,) labels, of any dtype that sorts.
        query_labels: (q,) labels.
        gallery_ids: (n,) image ids. Where given with `query_ids`, a query's own image is junk to it.
        query_ids: (q,) image ids.
        junk: (m, 2) pairs of query row and gallery position (of a mask (q, n): `np.argwhere(mask)`) that are
            neither right nor wrong: they are taken out of the ranking and the ranks close up.

    Raises:
        BenchmarkError: the ranking or the junk does not fit queries and gallery, a row names more positives than
            there are, or a row is not in order.
    """
    gallery_labels, query_labels = np.asarray(gallery_labels), np.asarray(query_labels)
    _require_fit(ranking, gallery_labels, query_labels)
    n, q = len(gallery_labels), len(query_labels)
    names, codes = np.unique(np.concatenate([gallery_labels, query_labels]), return_inverse=True)
    void = len(names)
    truth = codes[n:]
    pairs = np.empty((0, 2), dtype=np.int64) if junk is None else np.asarray(junk, dtype=np.int64).reshape(-1, 2)
    if gallery_ids is not None and query_ids is not None:
        pairs = np.concatenate([pairs, equal_pairs(np.asarray(query_ids), np.asarray(gallery_ids))])
    pairs = np.unique(pairs, axis=0)
    if np.any(pairs < 0) or np.any(pairs >= [q, n]):
        raise BenchmarkError(f"a junk pair lies outside the {q} queries and {n} gallery images: count both from 0")
    junk_positives = pairs[codes[pairs[:, 1]] == truth[pairs[:, 0]], 0]
    positives = np.bincount(codes[:n], minlength=void)[truth] - np.bincount(junk_positives, minlength=q)
    # The last entry is what id -1 reads: no result.
    lookup = np.append(codes[:n], void).astype(np.min_scalar_type(void))
    parts = _judge_slabs(ranking, lookup, truth, pairs)
    blocks = TieBlocks.concatenate([part.blocks for part in parts])
    if np.any(np.bincount(blocks.query, weights=blocks.positives, minlength=q) > positives):
        raise BenchmarkError("a query's ranking names a positive twice: a search must name a gallery image once")
    return Judgement(
        blocks=blocks,
        positives=positives,
        candidates=n - np.bincount(pairs[:, 0], minlength=q),
        undetected_queries=ranking.undetected,
        tied_cuts={k: np.concatenate([part.tied_cuts[k] for part in parts]) for k in CUTOFFS},
        votes={k: np.concatenate([part.votes[k] for part in parts]) for k in CUTOFFS},
    )


def _judge_slabs(ranking: Ranking, lookup: np.ndarray, truth: np.ndarray, junk: np.ndarray) -> list[JudgedRows]:
    """The rows judged some at a time; `blocks.query` counts from the ranking's first row."""
    q, width = ranking.ids.shape
    step = max(1, _CELLS // max(width, 1))
    parts = []
    for start in range(0, max(q, 1), step):
        rows = slice(start, start + step)
        ids = np.where(ranking.undetected[rows, None], np.int32(-1), ranking.ids[rows])
        _require_order(ids, ranking.scores[rows])
        first, last = np.searchsorted(junk[:, 0], [start, start + step])
        part = judge_rows(ids, ranking.scores[rows], lookup, truth[rows], junk[first:last] - [start, 0], CUTOFFS)
        parts.append(part._replace(blocks=replace(part.blocks, query=part.blocks.query + start)))
    return parts


def _require_fit(ranking: Ranking, gallery_labels: np.ndarray, query_labels: np.ndarray) -> None:
    """Raise BenchmarkError unless the ranking is one of these queries over this gallery, best first."""
    if len(ranking.ids) != len(query_labels):
        raise BenchmarkError(
            f"the ranking has {len(ranking.ids)} rows for {len(query_labels)} queries: one row a query"
        )
    low, high = ranking.ids.min(initial=-1), ranking.ids.max(initial=-1)
    if low < -1 or high >= len(gallery_labels):
        raise BenchmarkError(
            f"the ranking names gallery positions {low} to {high}, but the gallery has {len(gallery_labels)} images: "
            "judge it against the gallery it was made on"
        )


def _require_order(ids: np.ndarray, scores: np.ndarray) -> None:
    """Raise BenchmarkError unless scores fall along every row and its results come before its empty places."""
    if not np.all(scores[:, 1:] <= scores[:, :-1]):
        raise BenchmarkError("the ranking's scores are not in order (or are NaN): sort each row, largest first")
    if np.any((ids[:, 1:] >= 0) & (ids[:, :-1] < 0)):
        raise BenchmarkError("the ranking has an empty place (id -1) before a result: empty places close a row")
