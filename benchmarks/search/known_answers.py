"""Hits whose truth is known: of labelled queries, of a folder's own labels, or of edited copies of its pictures.

Each search is taken twice: as it is, and with what is right taken away, as if it were not in the gallery. So chances
hold for searches of which half have an answer here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.search.calibration import SURELY
from benchmarks.search.chance import Chance, learn
from benchmarks.search.gallery import Advance, imageset
from benchmarks.search.known_rows import KnownRows
from benchmarks.search.own_copies import Pair, ordered, own_copies, pixel_check
from datasets.errors import ImageError
from datasets.imageset import ImageSet
from datasets.usual_copies import usual_copies
from datasets.words import count_of
from methods.duplicates.finder import take_prints
from methods.duplicates.pixel_check import PixelCheck
from methods.ranking import Ranking
from methods.vector_method import VectorMethod

if TYPE_CHECKING:
    from benchmarks.search.searcher import Searcher

SHOWN = 10
"""Hits of a search that count: what people look at."""
DEPTH = 50
"""Hits that are asked for, so that SHOWN are left without the right ones."""
MOST, FEWEST = 150, 20
"""Pictures of a folder that copies are made of; with fewer nothing is learned."""
SHARE = 0.1
"""Of a folder's pictures: learning takes a fifth of the time of indexing, at most."""
_CHUNK = 50
_SEED = 0


@dataclass
class Known:
    """Scores of hits and whether they are right, of so many `searches`."""

    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    searches: int = 0

    def add(self, scores: np.ndarray, right: np.ndarray, answerable: bool = True) -> None:
        """One search's hits (k,), best first, as they are, and those that are not `right` (k,) alone."""
        self.searches += 1
        for kept in [np.ones_like(right)] * answerable + [~right]:
            self.scores += scores[kept][:SHOWN].tolist()
            self.right += right[kept][:SHOWN].tolist()

    def chance(self, means: str, searches: str, method: VectorMethod | None) -> Chance | None:
        """What they teach; `searches` says which they are, `method` what compared rows, if rows were compared."""
        basis = f"learned from {searches}, and from as many of which what is right was taken away"
        equal = None if method is None else SURELY[method.ann.metric]
        return learn(np.array(self.scores), np.array(self.right, dtype=bool), means, basis, equal)


def from_own_pictures(searcher: "Searcher", advance: Advance) -> Chance | None:
    """The chance of a searcher's hits in a folder; None where nothing says which are right."""
    return _from_labels(searcher) if searcher.spec.content == "faces" else _from_copies(searcher, advance)


def _from_labels(searcher: "Searcher") -> Chance | None:
    """A folder's own pictures, each searched for by its row; right is another one of its label."""
    method, rows, ids = searcher.composed, searcher.indexed.rows, searcher.indexed.ids
    if method is None or rows is None or rows.dtype == np.uint8:
        return None
    usable = np.flatnonzero(~np.isnan(rows[:, 0]))
    chosen = np.sort(np.random.default_rng(_SEED).permutation(usable)[:MOST])
    labels = {int(position): searcher.gallery.item(int(ids[position])).label for position in usable}
    if len(chosen) < FEWEST or len(set(labels.values())) < 2:
        return None
    ranking = method.search(KnownRows(rows[chosen]), min(DEPTH, len(usable)))
    known = Known()
    for row, query in enumerate(chosen.tolist()):
        positions, scores = hits_of(ranking, row)
        contents = np.array([searcher.gallery.digest(int(ids[position])) for position in positions])
        other = contents != searcher.gallery.digest(int(ids[query]))
        right = np.array([labels[int(position)] == labels[query] for position in positions[other]], dtype=bool)
        known.add(scores[other], right, bool(right.any()))
    return known.chance("the same label", f"{known.searches:,} pictures of this folder", method)


def _from_copies(searcher: "Searcher", advance: Advance) -> Chance | None:
    """Edited copies of a folder's pictures; right is the original, or what no one could tell from it."""
    gallery, ids = searcher.gallery, searcher.indexed.ids
    count = min(MOST, max(FEWEST, int(SHARE * len(ids))))
    chosen = np.sort(np.random.default_rng(_SEED).permutation(len(ids))[:count])
    if len(chosen) < FEWEST:
        return None
    images = imageset(gallery, ids[chosen].tolist())
    prints = take_prints(images)
    usable = np.flatnonzero(~prints.flat & (np.array(prints.digests) != ""))
    if len(usable) < FEWEST:
        return None
    chosen, images = chosen[usable], images.take(usable)
    made_of: list[int] = []
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for originals, copies in usual_copies(images, _SEED):
        made_of += chosen[originals].tolist()
        found += _searched(searcher, copies, advance)
    check = pixel_check(gallery, ids, dict(zip(chosen.tolist(), prints.thumbnails[usable], strict=True)))
    known, alike = Known(), _alike(searcher, made_of, found, check)
    for original, (positions, scores) in zip(made_of, found, strict=True):
        if len(positions):
            known.add(scores, np.isin(positions, sorted(alike[original])))
    made = count_of(known.searches, "edited copy", "edited copies")
    return known.chance("the same picture", f"{made} of pictures of this folder", searcher.composed)


def _searched(searcher: "Searcher", copies: ImageSet, advance: Advance) -> Iterable[tuple[np.ndarray, np.ndarray]]:
    """Positions and scores of each copy's hits; none where it could not be read any more."""
    depth = min(DEPTH, len(searcher.indexed.ids))
    for start in range(0, len(copies), _CHUNK):
        some = copies[start : start + _CHUNK]
        try:
            ranking = searcher.method.search(some, depth)
            yield from (hits_of(ranking, row) for row in range(len(some)))
        except ImageError:
            yield from [(np.empty(0, dtype=int), np.empty(0))] * len(some)
        advance("learning chances", len(some), None)


def _alike(
    searcher: "Searcher",
    originals: Sequence[int],
    found: Sequence[tuple[np.ndarray, np.ndarray]],
    check: PixelCheck,
) -> dict[int, set[int]]:
    """The positions that show what each original (a position) shows: its own, equal files, copies by their pixels."""
    gallery, ids = searcher.gallery, searcher.indexed.ids
    alike: dict[int, set[int]] = {}
    candidates: dict[Pair, float] = {}
    for original, (positions, scores) in zip(originals, found, strict=True):
        content = gallery.digest(int(ids[original]))
        equal = {position for position in positions.tolist() if gallery.digest(int(ids[position])) == content}
        alike[original] = {original} | equal
        for position, score in zip(positions[:SHOWN].tolist(), scores[:SHOWN].tolist(), strict=True):
            if position not in alike[original]:
                pair = ordered(original, position)
                candidates[pair] = max(score, candidates.get(pair, -np.inf))
    for one, other in own_copies(check, candidates):
        for original, copy in ((one, other), (other, one)):
            if original in alike:
                alike[original].add(copy)
    return alike


def hits_of(ranking: Ranking, row: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and scores (float64) of the hits of one query, best first."""
    there = ranking.ids[row] >= 0
    return ranking.ids[row][there], ranking.scores[row][there].astype(np.float64)
