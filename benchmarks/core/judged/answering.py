"""Inside a cell: every query ranked against the whole gallery, and what is stored of the answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.core.judged.relevance import Relevance
from benchmarks.core.judged.statistics import NAME, StatisticsWriter
from datasets.imageset import ImageSet
from datasets.words import count_of
from methods.answers import AnswerError, check_ranking
from methods.contracts import Blockwise, Method
from methods.progress import report, watched
from methods.ranking import Ranking

WHOLE = 2**24
"""Pairs of query and gallery image up to which whole rankings are stored, in 6 or 8 bytes each."""
BLOCK = 2**21
"""Pairs ranked and judged at once beyond that: some 70 MiB of working memory."""


class Keeper(Protocol):
    """Where a ranking is kept (a Store)."""

    def save_ranking(self, workdir: Path, ranking: Ranking) -> None:
        """Keep it in the folder."""
        ...


def is_kept_whole(queries: int, gallery: int, keep: bool = False) -> bool:
    """Whether a cell of this size stores whole rankings: it is small, or was asked to (`keep`)."""
    return keep or queries * gallery <= WHOLE


def answer(
    name: str,
    method: Method,
    queries: ImageSet,
    relevance: Relevance,
    keeper: Keeper,
    workdir: Path,
    keep: bool = False,
    done: str = "queries answered",
) -> np.ndarray:
    """Rank the gallery for each query and store the answers in `workdir`: (q,) bool, queries without a detection.

    Whole rankings for a small subset, or with `keep`; else block by block the first results and what metrics need.
    Raises AnswerError, naming the method `name`, for a ranking that is none.
    """
    gallery = len(relevance.gallery)
    if is_kept_whole(len(queries), gallery, keep):
        ranking = check_ranking(name, method.search(watched(queries, done), gallery), len(queries), gallery)
        keeper.save_ranking(workdir, ranking)
        return ranking.undetected
    start = 0
    with StatisticsWriter(workdir / NAME) as writer:
        for ranking in _blocks(method, queries, gallery, done):
            stop = min(start + _step(gallery), len(queries))
            ranking = check_ranking(name, ranking, stop - start, gallery)
            block = relevance.block(start, stop)
            writer.add(ranking, block.judge(ranking), block.first_right(ranking))
            start = stop
            report(done, start, len(queries))
        if start < len(queries):
            raise AnswerError(f"{name}: rankings of {start} of {count_of(len(queries), 'query', 'queries')}")
    keeper.save_ranking(workdir, writer.head)
    return writer.head.undetected


def _blocks(method: Method, queries: ImageSet, gallery: int, done: str) -> Iterator[Ranking]:
    step = _step(gallery)
    if isinstance(method, Blockwise):
        yield from method.rankings(watched(queries, done), gallery, step)
        return
    for start in range(0, len(queries), step):
        yield method.search(queries[start : start + step], gallery)


def _step(gallery: int) -> int:
    """Queries of a block."""
    return max(1, BLOCK // max(1, gallery))
