"""hit@1 with other junk than a cell was judged with, also where the first results of each query alone are stored.

The first result is known from the stored ones unless the tie it stands in, junk taken out, goes on beyond the last of
them: such queries are open, and are counted rather than guessed.
"""

import numpy as np

from benchmarks.core.judged.relevance import Relevance
from benchmarks.metrics.judgement import judge
from benchmarks.metrics.ranking import hit
from methods.ranking import Ranking


def hit_at_1(
    ranking: Ranking,
    relevance: Relevance,
    junk: np.ndarray,
    results: np.ndarray | None = None,
    judged: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """hit@1 (q,) with `junk` (m, 2) in place of the relevance's own, and which queries (q,) bool are open.

    NaN for queries that are open, or without a positive. `results` (q,) is how many the whole rankings had, where
    `ranking` is their beginning; `judged` (q,) is hit@1 of the whole rankings with the relevance's own junk, which
    stands for every query whose junk is the same.
    """
    junk = np.unique(np.asarray(junk, dtype=np.int64).reshape(-1, 2), axis=0)
    values = hit(judge(ranking, relevance.gallery, relevance.queries, junk=junk), 1)
    if results is None:
        return values, np.zeros(len(values), dtype=bool)
    is_open = _goes_on(ranking, junk, results) & ~np.isnan(values)
    if judged is not None:
        same = ~_differing_rows(junk, relevance.junk, len(values))
        values, is_open = np.where(same, judged, values), is_open & ~same
    return np.where(is_open, np.nan, values), is_open


def _goes_on(ranking: Ranking, junk: np.ndarray, results: np.ndarray) -> np.ndarray:
    """(q,) bool: whether the first place's tie may hold results beyond those that are here."""
    width = ranking.ids.shape[1]
    cut = np.asarray(results) > width
    rest = np.zeros(len(cut), dtype=bool)
    starts = np.searchsorted(junk[:, 0], np.arange(len(cut) + 1))
    for row in np.flatnonzero(cut).tolist():
        kept = ranking.scores[row][~np.isin(ranking.ids[row], junk[starts[row] : starts[row + 1], 1])]
        # The last stored result, junk or not, is what those beyond may be tied with.
        rest[row] = not len(kept) or kept[0] == ranking.scores[row, -1]
    return rest


def _differing_rows(one: np.ndarray, other: np.ndarray, queries: int) -> np.ndarray:
    """(q,) bool: rows with a pair that one of two sets of pairs (m, 2) has alone; `one` has no pair twice."""
    both = np.concatenate([one, np.unique(other, axis=0)])
    pairs, counts = np.unique(both, axis=0, return_counts=True)
    rows = np.zeros(queries, dtype=bool)
    rows[pairs[counts == 1, 0]] = True
    return rows
