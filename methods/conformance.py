"""What every method must hold to, as checks a plug-in's author can run before anything is measured."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datasets.errors import DataError
from datasets.imageset import ImageSet
from methods.conformance_images import in_memory, odd_images, structured_images, with_labels
from methods.contracts import Method, Verifier
from methods.ranking import Ranking
from methods.spec import MethodSpec
from methods.stages import StageClock

TOLERANCE = 1e-3
"""Scores agree within this share of the largest: batches of other sizes round differently."""


@dataclass(frozen=True)
class Finding:
    """One breach of the contract: the check that found it, and what is wrong."""

    check: str
    problem: str


def check(build: Callable[[], Method], spec: MethodSpec, images: ImageSet | None = None) -> list[Finding]:
    """Run every check on methods made by `build`; an empty list means the method conforms.

    `build` returns a new, unfitted method each time. `images` should show what the method is for (faces, for a face
    method): a few labels with several images each; without it small drawings are used. An exception inside the method
    is a finding, never raised; DataError means `images` will not do.
    """
    trial = _Trial(build, spec, in_memory(structured_images() if images is None else images))
    if not len(trial.queries):
        raise DataError("conformance needs images of which some share a label, one to search for and one to find")
    findings = _run("runs", _runs, trial)
    if findings:
        return findings
    return [finding for name, examine in CHECKS.items() for finding in _run(name, examine, trial)]


class _Trial:
    """One method under test: the images, and the ranking that every check compares with."""

    def __init__(self, build: Callable[[], Method], spec: MethodSpec, images: ImageSet) -> None:
        self.build = build
        self.spec = spec
        seen = [int(np.count_nonzero(images.labels[:place] == images.labels[place])) for place in range(len(images))]
        is_query = np.array(seen) == 1
        self.gallery, self.queries = images.take(np.flatnonzero(~is_query)), images.take(np.flatnonzero(is_query))

    @cached_property
    def method(self) -> Method:
        return self.built(self.gallery)

    @cached_property
    def ranking(self) -> Ranking:
        return self.method.search(self.queries, len(self.gallery))

    def built(self, gallery: ImageSet) -> Method:
        method = self.build()
        method.fit(gallery)
        method.index(gallery)
        return method

    def difference(self, other: Ranking) -> str:
        """How `other`, full depth for the same queries, differs from `ranking`; "" if it does not. Ties are free."""
        ours, theirs = (_dense(ranking, len(self.gallery)) for ranking in (self.ranking, other))
        finite = ours[np.isfinite(ours)]
        scale = np.abs(finite).max(initial=np.finfo(np.float32).tiny)
        differs = ~np.isclose(ours, theirs, rtol=0, atol=TOLERANCE * scale)
        if not differs.any():
            return ""
        row, column = np.argwhere(differs)[0]
        return f"query {row}, image {column}: score {theirs[row, column]:.6g} instead of {ours[row, column]:.6g}"


def _run(name: str, examine: Callable[[_Trial], Iterator[str]], trial: _Trial) -> list[Finding]:
    try:
        return [Finding(name, problem) for problem in examine(trial)]
    except (Exception, SystemExit) as error:
        return [Finding(name, f"raised {type(error).__name__}: {error}")]


def _dense(ranking: Ranking, size: int) -> np.ndarray:
    """Scores (q, size) by gallery position, -inf where an image was not returned."""
    scores = np.full((len(ranking.ids), size), -np.inf)
    rows, columns = np.nonzero(ranking.ids >= 0)
    scores[rows, ranking.ids[rows, columns]] = ranking.scores[rows, columns]
    return scores


def _runs(trial: _Trial) -> Iterator[str]:
    """fit, index and search go through (the images are write-protected), and every stage has a known name."""
    missing = [part for part in ("fit", "index", "search") if not callable(getattr(trial.build(), part, None))]
    if missing:
        yield f"lacks {', '.join(missing)} (see methods.contracts.Method)"
        return
    with StageClock().running():
        yield from _malformed(trial.ranking, len(trial.queries), len(trial.gallery), len(trial.gallery))


def _malformed(ranking: Ranking, queries: int, gallery: int, k: int) -> Iterator[str]:
    """Shapes, dtypes, ids within the gallery and once a row, falling scores, and -1 with -inf past the end."""
    ids, scores = ranking.ids, ranking.scores
    if len(ids) != queries or ids.shape[1] > min(k, gallery):
        yield f"ids have shape {ids.shape} for {queries} queries, k = {k} and {gallery} images"
        return
    for name, array, dtype in (("ids", ids, np.int32), ("scores", scores, np.float32)):
        if array.dtype != dtype:
            yield f"{name} are {array.dtype}, expected {np.dtype(dtype)}"
    if ranking.undetected.dtype != bool:
        yield f"undetected is {ranking.undetected.dtype}, expected bool"
    if ids.size and (ids.min() < -1 or ids.max() >= gallery):
        yield f"ids run from {ids.min()} to {ids.max()}, the gallery from 0 to {gallery - 1}"
        return
    if any(len(np.unique(row[row >= 0])) < np.count_nonzero(row >= 0) for row in ids):
        yield "an image is returned twice for one query"
    if np.isnan(scores).any():
        yield "scores contain NaN"
    if (scores[:, 1:] > scores[:, :-1]).any():
        yield "scores rise along a row"
    if (np.isneginf(scores) != (ids == -1)).any() or (ids[:, 1:] > -1)[ids[:, :-1] == -1].any():
        yield "past the last result every id must be -1 and every score -inf, and nowhere else"
    if (ids[ranking.undetected] != -1).any():
        yield "an undetected query has results"


def _depth(trial: _Trial) -> Iterator[str]:
    """Depth is a cut and nothing else: any k shows the head of the full ranking, and k past the gallery is cut."""
    size = len(trial.gallery)
    for k in (1, 3, size + 5):
        ranking = trial.method.search(trial.queries, k)
        yield from _malformed(ranking, len(trial.queries), size, k)
        width = ranking.scores.shape[1]
        if width < min(k, trial.ranking.scores.shape[1]):
            yield f"k = {k} returns {width} columns, fewer than the full ranking holds"
        elif not np.allclose(ranking.scores, trial.ranking.scores[:, :width], rtol=TOLERANCE, atol=TOLERANCE):
            yield f"k = {k} gives other scores than the head of the full ranking"


def _repeatable(trial: _Trial) -> Iterator[str]:
    """Built again on the same gallery, the method gives the same ranking, ties included."""
    again = trial.built(trial.gallery).search(trial.queries, len(trial.gallery))
    problem = trial.difference(again)
    if problem:
        yield f"a second build ranks otherwise: {problem}"
    elif not np.array_equal(again.ids, trial.ranking.ids):
        yield "a second build orders ties otherwise; seed what is random"


def _one_by_one(trial: _Trial) -> Iterator[str]:
    """A query's answer does not depend on the queries beside it."""
    single = [trial.method.search(trial.queries.take([row]), len(trial.gallery)) for row in range(len(trial.queries))]
    parts = ("ids", "scores", "undetected")
    problem = trial.difference(Ranking(*(np.concatenate([getattr(one, part) for one in single]) for part in parts)))
    if problem:
        yield f"queries one by one rank otherwise than together: {problem}"


def _labels_unread(trial: _Trial) -> Iterator[str]:
    """Without their labels the gallery (unless the method is supervised) and the queries rank just the same."""
    size = len(trial.gallery)
    if not trial.spec.supervised:
        blind = trial.built(with_labels(trial.gallery, [""] * size))
        problem = trial.difference(blind.search(trial.queries, size))
        if problem:
            yield f"reads the gallery's labels, but is not marked supervised: {problem}"
    if not getattr(trial.method, "reads_query_labels", False):
        blind_queries = with_labels(trial.queries, [""] * len(trial.queries))
        problem = trial.difference(trial.method.search(blind_queries, size))
        if problem:
            yield f"reads the queries' labels: {problem}"


def _odd_pictures(trial: _Trial) -> Iterator[str]:
    """One-pixel, one-line and one-colour images are searched for and found like any other."""
    odd = odd_images()
    gallery = in_memory(trial.gallery, odd)
    ranking = trial.built(gallery).search(odd, len(gallery))
    yield from _malformed(ranking, len(odd), len(gallery), len(gallery))


def _bytes_counted(trial: _Trial) -> Iterator[str]:
    """`nbytes` is a positive whole number once the gallery is indexed."""
    nbytes = trial.method.nbytes
    if not isinstance(nbytes, int) or nbytes <= 0:
        yield f"nbytes is {nbytes!r}, expected a positive int"


def _similarity(trial: _Trial) -> Iterator[str]:
    """A method that does verification scores pairs: one float32 each, never NaN."""
    if "verification" not in trial.spec.tasks:
        return
    if not isinstance(trial.method, Verifier):
        yield "its spec names the verification task, but it has no similarity(left, right)"
        return
    left = trial.gallery.take(range(len(trial.queries)))
    scores = trial.method.similarity(left, trial.queries)
    if scores.shape != (len(left),) or scores.dtype != np.float32 or np.isnan(scores).any():
        yield f"similarity gave {scores.dtype} {scores.shape} for {len(left)} pairs; expected float32, free of NaN"


CHECKS: dict[str, Callable[[_Trial], Iterator[str]]] = {
    "depth": _depth,
    "repeatable": _repeatable,
    "one by one": _one_by_one,
    "labels unread": _labels_unread,
    "odd pictures": _odd_pictures,
    "bytes counted": _bytes_counted,
    "similarity": _similarity,
}
"""Every check after the first ("runs": without a ranking there is nothing to check) by the name findings carry."""
