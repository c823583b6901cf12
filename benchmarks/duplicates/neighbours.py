"""Pairs that a catalogue method (or a plug-in) finds alike: each picture's nearest others by its stored rows."""

from collections.abc import Iterator

import numpy as np

from benchmarks.duplicates.links import Link
from benchmarks.search.gallery import Advance
from benchmarks.search.known_rows import KnownRows
from benchmarks.search.searcher import Searcher

MOST = 50
"""Neighbours of a picture that are looked at."""
BLOCK = 256
"""Pictures that are searched for at a time."""


def contents_of(searcher: Searcher) -> list[bytes]:
    """Contents that a searcher can find, each once, in the order of its rows."""
    return list(dict.fromkeys(searcher.gallery.digest(id) for id in searcher.indexed.ids.tolist()))


def neighbour_links(searcher: Searcher, contents: list[bytes], advance: Advance) -> list[Link]:
    """Each of `contents` with its nearest others, by falling score; a link's positions are those in `contents`."""
    number_of = {content: number for number, content in enumerate(contents)}
    numbers = np.array([number_of[searcher.gallery.digest(id)] for id in searcher.indexed.ids.tolist()])
    _, first = np.unique(numbers, return_index=True)
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(first), BLOCK):
        some = first[start : start + BLOCK]
        for one, other, score in _scored(searcher, some, numbers):
            pair = (min(one, other), max(one, other))
            found[pair] = max(score, found.get(pair, -np.inf))
        advance("comparing", len(some), len(first))
    links = [Link(one, other, score) for (one, other), score in found.items() if one != other]
    return sorted(links, key=lambda link: (-link.score, link.one, link.other))


def _scored(searcher: Searcher, some: np.ndarray, numbers: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """The neighbours of the pictures at positions `some` of the rows, by numbers of contents."""
    method, rows = searcher.composed, searcher.indexed.rows
    if method is None or rows is None:  # of_searcher has said so
        return
    ranking = method.search(KnownRows(rows[some]), MOST + 1)
    for position, ids, scores in zip(some, ranking.ids, ranking.scores, strict=True):
        for other, score in zip(ids[ids >= 0].tolist(), scores[ids >= 0].tolist(), strict=True):
            yield int(numbers[position]), int(numbers[other]), score
