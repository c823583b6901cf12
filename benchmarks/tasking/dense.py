"""Every score of a query with every image searched, for tasks that judge scores and not ranks alone."""

import numpy as np

from benchmarks.tasking.context import CellContext
from datasets.imageset import ImageSet
from methods.answers import check_ranking
from methods.contracts import Method
from methods.progress import watched

_BLOCK = 64
"""Queries searched for at once: bounds the rankings in memory."""


def dense_scores(
    context: CellContext, method: Method, queries: ImageSet, images: int, done: str = "queries answered"
) -> tuple[np.ndarray, np.ndarray]:
    """(q, n) float32 scores with all `images` that are searched, -inf where none was given, and (q,) undetected.

    Raises AnswerError, which makes the cell's row an error, for a ranking that is none.
    """
    scores = np.full((len(queries), images), -np.inf, dtype=np.float32)
    undetected = np.zeros(len(queries), dtype=bool)
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        ranking = method.search(watched(block, done), images)
        check_ranking(context.spec.id, ranking, len(block), images)
        rows, columns = np.nonzero(ranking.ids >= 0)
        scores[start + rows, ranking.ids[rows, columns]] = ranking.scores[rows, columns]
        undetected[start : start + len(block)] = ranking.undetected
    return scores, undetected
