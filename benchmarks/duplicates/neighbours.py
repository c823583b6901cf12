"""Pairs that a catalogue method (or a plug-in) finds alike: each picture's nearest others by its stored rows.

They are kept. Where an index compares two rows whatever the others are, a picture that came is compared with all, one
that lost a near one is searched for again, and nothing else is. An interrupted search goes on where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.core.staleness import method_inputs
from benchmarks.duplicates.kept_nearest import KeptNearest
from benchmarks.duplicates.links import PairLinks
from benchmarks.duplicates.nearest import Nearest, positions_now
from benchmarks.duplicates.now_and_then import now_and_then
from benchmarks.search.gallery import Advance
from benchmarks.search.known_rows import KnownRows
from benchmarks.search.searcher import Searcher
from benchmarks.system.names import file_stem
from datasets.notes import note
from datasets.words import count_of
from methods import fingerprint
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.vector_method import VectorMethod

RULES = 2
"""Raised when what is kept comes to mean something else: all pictures are then searched for anew."""
MOST = 50
"""Neighbours of a picture that are looked at."""
BLOCK = 256
"""Pictures that are searched for at a time."""
SCORES = 1 << 23
"""Scores of pictures with all others that are held at a time."""
FEW = 0.25
"""Of the pictures: where more have come, all are searched for."""


def contents_of(searcher: Searcher) -> list[bytes]:
    """Contents that a searcher can find, each once, in the order of its rows."""
    return list(dict.fromkeys(searcher.gallery.digest(id) for id in searcher.indexed.ids.tolist()))


def neighbour_links(searcher: Searcher, contents: Sequence[bytes], folder: Path, advance: Advance) -> PairLinks:
    """Each of `contents` with its nearest others, by falling score; a link's positions are those in `contents`.

    What is found is kept below `folder`.
    """
    inputs = method_inputs(searcher.spec, searcher.weights)
    made_by = fingerprint.digest([RULES, inputs])[:16]
    kept = KeptNearest(folder, file_stem(searcher.spec.id), made_by)
    before = kept.read(MOST + 1)
    if before is not None and before[0] == contents and before[1].known.all():
        return before[1].links()
    search = _Search(searcher, contents, advance)
    if before is None or not (before[0] == contents or _pair_by_pair(searcher)):
        nearest, asked = Nearest.unknown(len(contents), MOST + 1), np.arange(len(contents))
    else:
        nearest, asked = _brought_up_to_date(search, *before)
    search.nearest_of(asked, nearest, now_and_then(lambda: kept.write(contents, nearest)))
    kept.write(contents, nearest)
    return nearest.links()


def _pair_by_pair(searcher: Searcher) -> bool:
    """Whether the score of two pictures is the same both ways round and whatever other pictures there are."""
    method = searcher.composed
    if searcher.spec.learns or searcher.spec.supervised or type(method) is not VectorMethod:
        return False
    return any(type(method.ann) is kind for kind in (ExactIndex, HammingIndex))  # a subclass may compare otherwise


def _brought_up_to_date(search: "_Search", contents: list[bytes], before: Nearest) -> tuple[Nearest, np.ndarray]:
    """What is known by what was kept of `contents`, and the pictures of which nothing is, in order."""
    position = positions_now(contents, search.contents)
    now, asked = before.moved(position, len(search.contents))
    came = np.setdiff1d(asked, position)
    if len(came) > FEW * len(search.contents):
        return Nearest.unknown(len(search.contents), before.others.shape[1]), np.arange(len(search.contents))
    if not before.known.all():
        known = f"{now.known.sum():,} of {count_of(len(search.contents), 'picture')}"
        note(f"an interrupted comparison goes on: the nearest of {known} are known")
    for some, scores in search.scores_of(came):
        now.take_in(some, scores)
    return now, asked


class _Search:
    """Searches for contents, by their positions, in the rows of a searcher, of which several may have one content."""

    def __init__(self, searcher: Searcher, contents: Sequence[bytes], advance: Advance) -> None:
        method, rows = searcher.composed, searcher.indexed.rows
        if method is None or rows is None:
            raise ValueError(f"{searcher.spec.id} keeps no rows")
        self.contents = contents
        self._method, self._rows, self._advance = method, rows, advance
        number_of = {content: number for number, content in enumerate(contents)}
        digests = (searcher.gallery.digest(id) for id in searcher.indexed.ids.tolist())
        self._numbers = np.array([number_of[digest] for digest in digests], dtype=np.int32)
        _, self._first = np.unique(self._numbers, return_index=True)

    def nearest_of(self, pictures: np.ndarray, nearest: Nearest, found_some: Callable[[], None]) -> None:
        """Fill in the nearest of `pictures`; `found_some` is called again and again."""
        for start in range(0, len(pictures), BLOCK):
            some = pictures[start : start + BLOCK]
            ranking = self._method.search(KnownRows(self._rows[self._first[some]]), nearest.others.shape[1])
            found = ranking.ids.shape[1]
            nearest.others[some, :found] = np.where(ranking.ids >= 0, self._numbers[ranking.ids], -1)
            nearest.scores[some, :found] = ranking.scores
            nearest.known[some] = True
            found_some()
            self._advance("comparing", len(some), len(pictures))

    def scores_of(self, pictures: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Some of `pictures` (b,) after the other, and their scores (b, n) with every picture; -inf: none."""
        step = max(1, min(BLOCK, SCORES // len(self._numbers)))
        for start in range(0, len(pictures), step):
            some = pictures[start : start + step]
            ranking = self._method.search(KnownRows(self._rows[self._first[some]]), len(self._numbers))
            scores = np.full((len(some), len(self.contents)), -np.inf, dtype=np.float32)
            row, place = np.nonzero(ranking.ids >= 0)
            scores[row, self._numbers[ranking.ids[row, place]]] = ranking.scores[row, place]
            yield some, scores
