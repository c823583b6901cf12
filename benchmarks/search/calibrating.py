"""Learning a method's threshold and the chances of its hits on a gallery, once for what is in it."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from benchmarks.core.staleness import method_inputs
from benchmarks.search.calibration import (
    FALSE_MATCHES,
    FEWEST,
    SURELY,
    Calibration,
    from_labels,
    from_neighbours,
)
from benchmarks.search.chance import Chance
from benchmarks.search.dataset_gallery import DatasetGallery
from benchmarks.search.gallery import Advance, pixels, state
from benchmarks.search.known_answers import Known, from_own_pictures, hits_of
from benchmarks.search.known_rows import KnownRows, same_row, single
from benchmarks.search.own_copies import pixel_check
from benchmarks.search.unrelated import DEEP, Neighbours, nearest_unrelated
from benchmarks.system.files import DamagedFile, if_intact, read_record, write_record
from benchmarks.system.names import file_stem
from datasets.errors import ImageError
from datasets.words import count_of
from methods import fingerprint
from methods.memory import let_go
from methods.vector_method import VectorMethod

if TYPE_CHECKING:
    from benchmarks.search.searcher import Searcher

RULES = 8
"""Raised when a threshold or a chance comes to mean something else: those learned before are learned again."""
SAMPLE = 400
"""Images of a folder that are searched for in it."""
VOTING = "methods.local_features.indexed_search:IndexedSearch"
"""The class whose scores are votes: none for an image that shares nothing, never less."""
FEATURE_SAMPLE = 100
"""The same where each is searched for by its local features, which takes a hundred times as long."""
FEATURE_DEPTH = 50
DEPTH = 1000
"""Hits among which the nearest unrelated one is looked for."""
SHOWS = {"faces": "the same person", "objects": "the same class"}
"""What images of one label show, by the content of a data set."""
CHUNK = 50
"""Queries at a time: between two of them progress is shown."""


def calibrate(searcher: "Searcher", folder: Path, advance: Advance) -> Calibration:
    """The threshold of a searcher, learned now or read from `folder`."""
    gallery, spec = searcher.gallery, searcher.spec
    content = gallery.manifest.hash if isinstance(gallery, DatasetGallery) else state(gallery)
    name = file_stem(spec.id)
    path = folder / f"{name}-{fingerprint.digest([RULES, content, method_inputs(spec, searcher.weights)])[:16]}.json"
    if stored := if_intact(_read, path):
        return stored
    learned = _learn(searcher, advance)
    for older in folder.glob(f"{name}-{'[0-9a-f]' * 16}.json"):
        older.unlink()
    write_record(path, asdict(learned))
    return learned


class _Learned(TypedDict):
    """A calibration as it is kept."""

    threshold: float | None
    basis: str
    chance: dict[str, object] | None


def _read(path: Path) -> Calibration | None:
    stored = read_record(path, _Learned)
    try:
        if not stored:
            return None
        chance = None if stored["chance"] is None else Chance.from_json(stored["chance"])
        return Calibration(stored["threshold"], stored["basis"], chance)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(path, error) from error


def _learn(searcher: "Searcher", advance: Advance) -> Calibration:
    spec, rows = searcher.spec, searcher.indexed.rows
    if spec.family == "canary":
        return Calibration(None, f"not calibrated: {spec.id} is a canary, its scores mean nothing")
    if isinstance(searcher.gallery, DatasetGallery):
        return _from_queries(searcher, searcher.gallery, advance)
    if searcher.composed is not None and rows is not None:
        learned = _from_own_images(searcher, searcher.composed, rows)
    elif spec.method is not None and spec.method.target == VOTING:
        learned = _from_own_features(searcher, advance)
    else:
        return Calibration(None, f"not calibrated: {spec.id} keeps no rows to compare a folder's own images by")
    return replace(learned, chance=from_own_pictures(searcher, advance))


def learn_unlabelled(searcher: "Searcher", false_matches: float) -> Calibration:
    """From which score on is an image of the folder a copy of another? Images of one label may well be unrelated.

    By each image's nearest other one that is no near-duplicate of it, of which `false_matches` would be taken for one.
    """
    method, rows = searcher.composed, searcher.indexed.rows
    if method is None or rows is None:
        raise ValueError(f"{searcher.spec.id} keeps no rows")
    return _from_own_images(searcher, method, rows, false_matches, by_label=False)


def _from_queries(searcher: "Searcher", gallery: DatasetGallery, advance: Advance) -> Calibration:
    """What the data set's labelled queries find."""
    queries, images = gallery.manifest.queries, gallery.manifest.gallery
    wrong = np.full(len(queries), -np.inf)
    right = np.full(len(queries), -np.inf)
    known = Known()
    for start in range(0, len(queries), CHUNK):
        some = queries[start : start + CHUNK]
        ranking = searcher.method.search(some, len(images))
        for row, (label, id) in enumerate(zip(some.labels, some.ids, strict=True)):
            positions, scores = hits_of(ranking, row)
            found = searcher.indexed.ids[positions]
            other = images.ids[found] != id
            same = images.labels[found] == label
            wrong[start + row] = scores[other & ~same].max(initial=-np.inf)
            right[start + row] = scores[other & same].max(initial=-np.inf)
            known.add(scores[other], same[other], bool(same[other].any()))
        advance("calibrating", len(some), len(queries))
    attainable = SURELY[searcher.composed.ann.metric] if searcher.composed else np.inf
    learned = from_labels(wrong, right[np.isin(queries.labels, images.labels)], attainable)
    means = SHOWS.get(gallery.content, "the same label")
    return replace(learned, chance=known.chance(means, f"{len(queries):,} labelled queries", searcher.composed))


def _from_own_images(
    searcher: "Searcher",
    method: VectorMethod,
    rows: np.ndarray,
    false_matches: float = FALSE_MATCHES,
    by_label: bool = True,
) -> Calibration:
    """What images of the folder find beside themselves: `by_label` the nearest of another label, where there is one."""
    usable = np.arange(len(rows)) if rows.dtype == np.uint8 else np.flatnonzero(~np.isnan(rows[:, 0]))
    let_go(rows)
    chosen = np.sort(np.random.default_rng(0).permutation(usable)[:SAMPLE])
    if len(chosen) < FEWEST:
        return Calibration(
            None, f"not calibrated: {count_of(len(chosen), 'image is', 'images are')} too few; {FEWEST} are needed"
        )
    ranking = method.search(KnownRows(rows[chosen]), min(DEPTH, len(usable)))

    def label(position: int) -> str:
        return searcher.gallery.item(int(searcher.indexed.ids[position])).label

    labelled = by_label and len({label(query) for query in chosen}) > 1
    found = []
    for row, query in enumerate(chosen.tolist()):
        others: list[tuple[int, float]] = []
        for position, score in zip(*hits_of(ranking, row), strict=True):
            # Not itself, a copy of its file, or what no one could tell from it.
            if not same_row(rows[position], rows[query]) and not (labelled and label(position) == label(query)):
                others.append((int(position), float(score)))
            if len(others) == DEEP:
                break
        if others:
            positions, scores = zip(*others, strict=True)
            found.append(Neighbours(query, np.array(positions), np.array(scores), method.ann.metric))
    nearest = nearest_unrelated(found, pixel_check(searcher.gallery, searcher.indexed.ids, {}))
    unrelated = "an image of another label" if labelled else "an image nothing has to do with"
    return from_neighbours(nearest, method.ann.metric, unrelated, false_matches)


def _from_own_features(searcher: "Searcher", advance: Advance) -> Calibration:
    """The same for a method that compares local features: its scores are votes, few for any unrelated image."""
    gallery, ids = searcher.gallery, searcher.indexed.ids
    chosen = np.sort(np.random.default_rng(0).permutation(len(ids))[:FEATURE_SAMPLE])
    found = []
    for position in chosen.tolist():
        content = gallery.digest(int(ids[position]))
        try:
            image = pixels(gallery, int(ids[position]), content)
        except ImageError:
            continue
        positions, scores = hits_of(searcher.method.search(single(image), FEATURE_DEPTH), 0)
        others = [gallery.digest(int(ids[other])) != content for other in positions.tolist()]
        if any(others):
            found.append(Neighbours(position, positions[others], scores[others], "votes"))
        advance("calibrating", 1, len(chosen))
    return from_neighbours(nearest_unrelated(found), "votes", "an image nothing has to do with")
