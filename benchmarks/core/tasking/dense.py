"""Every score of a query with every image searched, for tasks that judge scores and not ranks alone."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.core.tasking.context import CellContext
from datasets.imageset import ImageSet
from methods.answers import check_ranking
from methods.contracts import Method
from methods.progress import watched

_BLOCK = 64
"""Queries searched for at once: bounds the rankings in memory."""


def dense_scores(
    context: CellContext, method: Method, queries: ImageSet, images: int, done: str = "queries answered"
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Some queries at a time: which, their (b, n) float32 scores with all `images` searched, and (b,) undetected.

    A score is -inf where none was given. Raises AnswerError, which makes the cell's row an error, for a ranking that is
    none.
    """
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        ranking = method.search(watched(block, done), images)
        check_ranking(context.spec.id, ranking, len(block), images)
        scores = np.full((len(block), images), -np.inf, dtype=np.float32)
        rows, columns = np.nonzero(ranking.ids >= 0)
        scores[rows, ranking.ids[rows, columns]] = ranking.scores[rows, columns]
        yield slice(start, start + len(block)), scores, ranking.undetected


class KeptScores:
    """Blocks of scores (b, n) float32 in a file that is gone with its context; read again one at a time."""

    def __init__(self, folder: Path, images: int) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (closed by __exit__)
        self._images = images

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._file.close()

    def append(self, scores: np.ndarray) -> None:
        """Keep the next queries' scores."""
        self._file.write(np.ascontiguousarray(scores, dtype=np.float32).data)

    def blocks(self) -> Iterator[np.ndarray]:
        """What was kept, in order."""
        self._file.seek(0)
        size = _BLOCK * self._images * 4
        while data := self._file.read(size):
            yield np.frombuffer(data, dtype=np.float32).reshape(-1, self._images)
