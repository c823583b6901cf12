"""The best k of several blocks: each block searched by the method's own index, built over that block alone."""

from collections.abc import Callable, Iterable

import numpy as np

from benchmarks.sharding.blocks import Block
from methods.contracts import Index
from methods.indexes.sharded import Found, merge_top_k
from methods.ranking import Ranking


def search_blocks(
    blocks: Iterable[tuple[Block, np.ndarray]], queries: np.ndarray, k: int, make_index: Callable[[], Index]
) -> Found:
    """The best `k` of blocks (in the gallery's order, each with its rows) for each query row (q, d).

    Ids (q, k') int32 count through the whole gallery; k' is `k`, or the number of rows if that is less. Exact
    indexes answer in one total order (score, then block, then place in the block), so that a merge of merges equals the
    merge of all. A query without a row finds nothing.
    """
    asked = has_row(queries)
    best: Found = _nothing(int(asked.sum()))
    for block, rows in blocks:
        best = merge_top_k([best, _in_block(block, rows, queries[asked], k, make_index())], k)
    ids = np.full((len(queries), best[0].shape[1]), -1, dtype=np.int32)
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    ids[asked], scores[asked] = best
    return ids, scores


def merged(shards: Iterable[Found], queries: np.ndarray, k: int) -> Ranking:
    """What the whole gallery answers to query rows (q, d), from what its shards (in order) found."""
    ids, scores = merge_top_k(list(shards), k)
    return Ranking(ids, scores, ~has_row(queries))


def has_row(rows: np.ndarray) -> np.ndarray:
    """(n,) bool: False where a row of NaN says that there was nothing to encode."""
    return np.ones(len(rows), dtype=bool) if rows.dtype == np.uint8 else ~np.isnan(rows[:, 0])


def _in_block(block: Block, rows: np.ndarray, queries: np.ndarray, k: int, index: Index) -> Found:
    positions = np.flatnonzero(has_row(rows)).astype(np.int32)
    if not len(positions) or not len(queries):
        return _nothing(len(queries))
    index.add(rows[positions])
    ids, scores = index.search(queries, min(k, len(positions)))
    return positions[ids] + np.int32(block.start), scores


def _nothing(queries: int) -> Found:
    return np.empty((queries, 0), dtype=np.int32), np.empty((queries, 0), dtype=np.float32)
