"""Judge a slab of ranking rows: the part of judgement whose working memory grows with the rows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.metrics.tie_blocks import TieBlocks, find_tie_blocks, tie_edges
from benchmarks.metrics.votes import Block, counted_block, vote_shares


class JudgedRows(NamedTuple):
    """What judge_rows finds out; the fields are those of Judgement."""

    blocks: TieBlocks
    tied_cuts: dict[int, np.ndarray]
    votes: dict[int, np.ndarray]


class _Slab(NamedTuple):
    """Rows of a ranking with the label each result carries."""

    scores: np.ndarray
    """(q, k), non-increasing."""
    labels: np.ndarray
    """(q, k) label codes; `void` where there is no result, or one that was taken out."""
    truth: np.ndarray
    """(q,) the label code sought."""
    depth: np.ndarray
    """(q,) results of each row, before any was taken out."""
    removed: np.ndarray
    """Sorted flat positions of the results taken out."""
    void: int


def judge_rows(
    ids: np.ndarray, scores: np.ndarray, lookup: np.ndarray, truth: np.ndarray, junk: np.ndarray, cutoffs: Sequence[int]
) -> JudgedRows:
    """Judge rows of a ranking.

    Args:
        ids: (q, k) gallery positions, -1 past a row's last result.
        scores: (q, k) non-increasing along a row.
        lookup: (n + 1,) label code of every gallery position, then the void code, which is larger than any other.
        truth: (q,) label code of the queries.
        junk: (m, 2) pairs of row and gallery position, ordered by row, to take out of the ranking.
        cutoffs: the k of `tied_cuts` and `votes`.
    """
    void = int(lookup[-1])
    labels = np.take(lookup, ids, mode="wrap")  # -1 wraps to the void code
    removed = _places_of(junk, ids, len(lookup) - 1)
    labels.ravel()[removed] = void
    relevant = labels == truth.astype(labels.dtype)[:, None]
    depth = np.count_nonzero(ids >= 0, axis=1)
    blocks = find_tie_blocks(scores, relevant, depth, removed)
    tied_cuts, votes = _judge_heads(_Slab(scores, labels, truth, depth, removed, void), cutoffs)
    return JudgedRows(blocks, tied_cuts, votes)


def _places_of(junk: np.ndarray, ids: np.ndarray, n: int) -> np.ndarray:
    """Sorted flat positions in `ids` (q, k) at which a row names one of its junk images."""
    if not len(junk):
        return np.empty(0, dtype=np.int64)
    rows, starts = np.unique(junk[:, 0], return_index=True)
    is_junk = np.zeros(n + 1, dtype=bool)  # the last entry is read by id -1
    places = []
    for row, positions in zip(rows, np.split(junk[:, 1], starts[1:]), strict=True):
        is_junk[positions] = True
        places.append(np.flatnonzero(is_junk.take(ids[row], mode="wrap")) + row * ids.shape[1])
        is_junk[positions] = False
    return np.concatenate(places)


def _judge_heads(slab: _Slab, cutoffs: Sequence[int]) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """For every cutoff, whether it cuts through a tie, and the vote of the results above it."""
    q, width = slab.labels.shape
    gone = np.bincount(slab.removed // max(width, 1), minlength=q)
    reach = min(width, max(cutoffs) + 1 + int(gone.max(initial=0)))
    # Columns of the first results that stay, in rank order.
    kept = np.argsort(slab.labels[:, :reach] == slab.void, axis=1, kind="stable")[:, : max(cutoffs) + 1]
    head_scores = np.take_along_axis(slab.scores, kept, axis=1)
    head_labels = np.take_along_axis(slab.labels, kept, axis=1)
    left = slab.depth - gone
    tied_cuts, votes = {}, {}
    blocks: dict[tuple[int, int, int], Block] = {}
    for k in cutoffs:
        tied = np.zeros(q, dtype=bool)
        if k < kept.shape[1]:
            tied = (left > k) & (head_scores[:, k - 1] == head_scores[:, k])
        tied_cuts[k] = tied
        votes[k] = vote_shares(head_labels[:, :k], slab.truth, slab.void)
        rows = np.flatnonzero(tied)
        votes[k][rows] = _votes_through_ties(slab, rows, kept[rows, k - 1] if len(rows) else rows, k, blocks)
    return tied_cuts, votes


def _votes_through_ties(
    slab: _Slab, rows: np.ndarray, columns: np.ndarray, k: int, blocks: dict[tuple[int, int, int], Block]
) -> np.ndarray:
    """Vote shares of `rows`, whose k-th result is at `columns` and ties with the next.

    `blocks` holds what was counted for other cutoffs: where all answers tie, one block decides every one of them.
    """
    begins, ends = tie_edges(slab.scores, rows, columns, slab.depth)
    shares = np.empty(len(rows))
    for place, (row, begin, end) in enumerate(zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True)):
        block = blocks.get((row, begin, end))
        if block is None:
            labels = slab.labels[row]
            block = counted_block(labels[:begin], labels[begin:end], int(slab.truth[row]), slab.void)
            blocks[row, begin, end] = block
        shares[place] = block.share(k)
    return shares
