"""What a method answers is believed only once it has been checked: rankings, similarities, rows, bytes."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np

from datasets.errors import BenchmarkError
from datasets.words import count_of
from methods.ranking import Ranking

MOST_BYTES = 2**50
"""An index larger than a pebibyte is a slip of whoever counted it."""

_BLOCK = 2**20
"""Entries looked at together: checking takes a few MiB, however large the ranking."""


class AnswerError(BenchmarkError):
    """A method gave an answer that is none; the message says what is wrong with it, and how often."""


def check_ranking(method: str, ranking: object, queries: int, gallery: int) -> Ranking:
    """The ranking with int32 ids and float32 scores; raises AnswerError, naming `method`, for one that is malformed."""
    if not isinstance(ranking, Ranking):
        raise AnswerError(f"{method}: search returned {type(ranking).__name__}, expected a methods.ranking.Ranking")
    problem = next(_shape_problems(ranking, queries, gallery), "") or _content_problem(ranking, gallery)
    if problem:
        raise AnswerError(f"{method}: {problem} in {count_of(queries, 'query', 'queries')}")
    ids, scores = ranking.ids.astype(np.int32, copy=False), ranking.scores.astype(np.float32, copy=False)
    return Ranking(ids, scores, ranking.undetected)


def check_similarity(method: str, scores: object, pairs: int) -> np.ndarray:
    """Similarities (n,) float32; raises AnswerError, naming `method`, for anything else (-inf says: no face)."""
    found = np.asarray(scores) if isinstance(scores, np.ndarray) else np.empty(0, dtype=object)
    if found.shape != (pairs,) or found.dtype.kind != "f":
        shown = f"{found.dtype} {found.shape}" if isinstance(scores, np.ndarray) else type(scores).__name__
        raise AnswerError(
            f"{method}: similarity gave {shown} for {count_of(pairs, 'pair')}, expected float32 ({pairs},)"
        )
    if missing := int(np.isnan(found).sum()):
        raise AnswerError(
            f"{method}: {count_of(missing, 'NaN similarity', 'NaN similarities')} in {count_of(pairs, 'pair')}"
        )
    return found.astype(np.float32, copy=False)


def check_rows(encoder: str, rows: object, images: int) -> np.ndarray:
    """Rows (n, d) of an encoder, float32 or uint8; raises AnswerError, naming it, for anything else.

    A row is NaN throughout (nothing to encode, no face) or nowhere.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype not in (np.float32, np.uint8):
        shown = rows.dtype if isinstance(rows, np.ndarray) else type(rows).__name__
        raise AnswerError(f"{encoder}: encode returned {shown}, expected an array of float32 or uint8")
    if rows.ndim != 2 or len(rows) != images or not rows.shape[1]:
        raise AnswerError(
            f"{encoder}: encode returned shape {rows.shape} for {count_of(images, 'image')}, expected (n, d)"
        )
    return rows


def check_finite(encoder: str, rows: np.ndarray) -> None:
    """Raise AnswerError for rows (n, d) that are NaN in part, or infinite."""
    if rows.dtype == np.uint8:
        return
    step = max(1, _BLOCK // rows.shape[1])
    bad = 0
    for start in range(0, len(rows), step):
        finite = np.isfinite(rows[start : start + step])
        bad += int((~finite.all(axis=1) & ~np.isnan(rows[start : start + step]).all(axis=1)).sum())
    if bad:
        of = f"{count_of(bad, 'row')} of {len(rows)}"
        raise AnswerError(f"{encoder}: {of} with NaN or infinite numbers; a row that stands for no face is all NaN")


def check_bytes(method: str, nbytes: object) -> int:
    """Bytes of an index as an int; raises AnswerError, naming `method`, for what no index can have."""
    if isinstance(nbytes, bool) or not isinstance(nbytes, Integral) or not 0 <= int(nbytes) <= MOST_BYTES:
        raise AnswerError(f"{method}: nbytes is {str(nbytes)[:40]}, expected a whole number of bytes, 0 or more")
    return int(nbytes)


def _shape_problems(ranking: Ranking, queries: int, gallery: int) -> Iterator[str]:
    for name, array, kinds in (("ids", ranking.ids, "iu"), ("scores", ranking.scores, "f")):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
            found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            yield f"{name} are {found}, expected {'int32' if kinds == 'iu' else 'float32'}"
    if not isinstance(ranking.undetected, np.ndarray) or ranking.undetected.dtype != bool:
        yield "undetected is no array of bool"
    if len(ranking.ids) != queries:
        yield f"{count_of(len(ranking.ids), 'row')} of results"
    if ranking.ids.shape[1] > gallery:
        yield f"{ranking.ids.shape[1]} results a query from a gallery of {gallery}"


def _content_problem(ranking: Ranking, gallery: int) -> str:
    """What is wrong most basically, and how often; "" for nothing."""
    counts: dict[str, int] = {}
    step = max(1, _BLOCK // max(1, gallery, ranking.ids.shape[1]))
    for start in range(0, len(ranking.ids), step):
        rows = slice(start, start + step)
        for problem, found in _faults(ranking.ids[rows], ranking.scores[rows], ranking.undetected[rows], gallery):
            counts[problem] = counts.get(problem, 0) + int(found)
    return next((f"{found} {problem}" for problem, found in counts.items() if found), "")


def _faults(ids: np.ndarray, scores: np.ndarray, undetected: np.ndarray, gallery: int) -> Iterator[tuple[str, int]]:
    ended = ids == -1 if ids.dtype.kind == "i" else np.zeros(ids.shape, dtype=bool)
    valid = (ids >= 0) & (ids < gallery)
    yield "NaN scores", np.isnan(scores).sum()
    yield f"ids outside 0 to {gallery - 1}", (~valid & ~ended).sum()
    yield "scores that rise along a row", (scores[:, 1:] > scores[:, :-1]).sum()
    places = np.arange(len(ids))[:, None] * gallery + np.where(valid, ids, 0).astype(np.int64)
    yield "images returned twice", (np.bincount(places[valid], minlength=1) > 1).sum()
    yield "ids of -1 without a score of -inf, or the other way round", (np.isneginf(scores) != ended).sum()
    yield "results after the end of a row", (ended[:, :-1] & ~ended[:, 1:]).sum()
    yield "results of undetected queries", (~ended[undetected]).sum()
