"""Runs of equal scores in a ranking, found only where they hold a positive."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class TieBlocks:
    """Tie blocks that hold at least one positive, as flat int64 arrays (b,) ordered by query, then by rank.

    `query` is the query's row, `above` the number of results ranked strictly above the block, `size` the results
    in it, `positives` the positives among those (>= 1), `positives_above` the query's positives above the block.
    An untied positive is a block of size 1.
    """

    query: np.ndarray
    above: np.ndarray
    size: np.ndarray
    positives: np.ndarray
    positives_above: np.ndarray

    def __len__(self) -> int:
        return len(self.query)

    def take(self, which: np.ndarray) -> "TieBlocks":
        """The blocks selected by `which`, a bool mask (b,) or positions."""
        return TieBlocks(*(getattr(self, field.name)[which] for field in fields(self)))

    @staticmethod
    def concatenate(parts: list["TieBlocks"]) -> "TieBlocks":
        """One TieBlocks of several, in order."""
        empty = [np.empty(0, dtype=np.int64)]
        return TieBlocks(
            *(np.concatenate(empty + [getattr(part, field.name) for part in parts]) for field in fields(TieBlocks))
        )


def find_tie_blocks(scores: np.ndarray, relevant: np.ndarray, depth: np.ndarray, removed: np.ndarray) -> TieBlocks:
    """Tie blocks with a positive in rows of sorted scores.

    Args:
        scores: (q, k) non-increasing along a row.
        relevant: (q, k) bool, the positives; never true at a removed place or past a row's depth.
        depth: (q,) how many leading columns of a row are results.
        removed: sorted flat positions in (q, k) of results that are taken out, the ranks below them closing up.
    """
    width = scores.shape[1]
    places = np.flatnonzero(relevant)
    if not len(places):
        return TieBlocks.concatenate([])
    rows, columns = np.divmod(places, width)
    values = scores.ravel()[places]
    # Positives of a row that share a score share a block, for the scores of a row are sorted.
    opens = np.ones(len(places), dtype=bool)
    opens[1:] = (rows[1:] != rows[:-1]) | (values[1:] != values[:-1])
    first = np.flatnonzero(opens)
    positives = np.diff(first, append=len(places))
    query = rows[first]
    begin, end = tie_edges(scores, query, columns[first], depth)
    if len(removed):
        before_row = np.searchsorted(removed, query * width)
        begin -= np.searchsorted(removed, query * width + begin) - before_row
        end -= np.searchsorted(removed, query * width + end) - before_row
    in_row = np.bincount(rows, minlength=len(scores))
    return TieBlocks(query, begin, end - begin, positives, first - (np.cumsum(in_row) - in_row)[query])


def tie_edges(
    scores: np.ndarray, rows: np.ndarray, columns: np.ndarray, depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """First column and one past the last column of the runs of equal scores around (rows, columns), each (b,).

    `depth` (q,) ends a row's results. Bisection, and only for places that tie with a neighbour: an untied ranking
    costs two comparisons a place.
    """
    values = scores[rows, columns]
    begin, end = columns.copy(), columns + 1
    left = np.flatnonzero((columns > 0) & (scores[rows, np.maximum(columns - 1, 0)] == values))
    begin[left] = _bisect(scores, rows[left], values[left], np.zeros_like(left), columns[left], seek_equal=True)
    last = depth[rows]
    right = np.flatnonzero((end < last) & (scores[rows, np.minimum(end, scores.shape[1] - 1)] == values))
    end[right] = _bisect(scores, rows[right], values[right], end[right], last[right], seek_equal=False)
    return begin, end


def _bisect(
    scores: np.ndarray, rows: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray, seek_equal: bool
) -> np.ndarray:
    """The first column in [low, high) whose score equals `values` (or differs from it), else `high`."""
    low, high = low.copy(), high.copy()
    while (open := low < high).any():
        middle = np.minimum((low + high) // 2, scores.shape[1] - 1)
        reached = (scores[rows, middle] == values) == seek_equal
        high = np.where(open & reached, middle, high)
        low = np.where(open & ~reached, middle + 1, low)
    return low
