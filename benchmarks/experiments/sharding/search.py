"""The best k of several blocks: each searched by itself, about one centre that all blocks share."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from benchmarks.experiments.sharding.blocks import Block
from methods.distances import Metric
from methods.indexes.hamming import HammingIndex
from methods.indexes.sharded import Found, RowsAbout, merge_top_k
from methods.ranking import Ranking


@dataclass(frozen=True)
class Asked:
    """What is asked of every block."""

    queries: np.ndarray
    """Rows (q, d) of all queries; NaN where there was nothing to encode."""
    k: int
    metric: Metric
    centre: np.ndarray
    """(d,) float32: what L2 is computed about. One for all blocks, so that an image that is in two of them ties."""


def search_blocks(blocks: Iterable[tuple[Block, np.ndarray]], asked: Asked) -> Found:
    """The best `k` of blocks (in the gallery's order, each with its rows), for the queries that have a row.

    Ids (q', k') int32 count through the whole gallery; k' is `k`, or the number of rows if that is less. Scores are as
    `merged` wants them. Answers have one total order (score, then block, then place in the block), so that a merge of
    merges equals the merge of all.
    """
    queries = asked.queries[has_row(asked.queries)]
    best: Found = _nothing(len(queries))
    for block, rows in blocks:
        best = merge_top_k([best, _in_block(block, rows, queries, asked)], asked.k)
    return best


def merged(shards: Iterable[Found], asked: Asked) -> Ranking:
    """What the whole gallery answers, from what its shards (in order) found; a query without a row finds nothing."""
    ids, values = merge_top_k(list(shards), asked.k)
    # Roots come last, as in ExactIndex: two squares that differ may have the same one.
    return spread((ids, -np.sqrt(-values) if asked.metric == "l2" else values), asked.queries)


def spread(found: Found, queries: np.ndarray) -> Ranking:
    """The ranking of all query rows (q, d), from what those that have a row found."""
    searched = has_row(queries)
    ids = np.full((len(queries), found[0].shape[1]), -1, dtype=np.int32)
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    ids[searched], scores[searched] = found
    return Ranking(ids, scores, ~searched)


def has_row(rows: np.ndarray) -> np.ndarray:
    """(n,) bool: False where a row of NaN says that there was nothing to encode."""
    return np.ones(len(rows), dtype=bool) if rows.dtype == np.uint8 else ~np.isnan(rows[:, 0])


def _in_block(block: Block, rows: np.ndarray, queries: np.ndarray, asked: Asked) -> Found:
    positions = np.flatnonzero(has_row(rows)).astype(np.int32)
    if not len(positions) or not len(queries):
        return _nothing(len(queries))
    if asked.metric == "hamming":
        codes = HammingIndex()
        codes.add(rows)
        ids, scores = codes.search(queries, asked.k)
    else:
        ids, scores = RowsAbout(asked.metric, asked.centre, rows[positions]).nearest(queries, asked.k)
    return positions[ids] + np.int32(block.start), scores


def _nothing(queries: int) -> Found:
    return np.empty((queries, 0), dtype=np.int32), np.empty((queries, 0), dtype=np.float32)
