"""What a method answers is believed only once it has been checked: rankings, similarities, rows, bytes."""

from collections.abc import Iterator
from numbers import Integral
from typing import TypeGuard

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


def is_plain(array: object) -> TypeGuard[np.ndarray]:
    """Whether it is an array that holds what it shows: a masked one hides numbers, a matrix is indexed otherwise."""
    return type(array) in (np.ndarray, np.memmap)


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
    found = scores if is_plain(scores) else np.empty(0, dtype=object)
    if found.shape != (pairs,) or found.dtype.kind != "f":
        shown = f"{found.dtype} {found.shape}" if is_plain(scores) else type(scores).__name__
        raise AnswerError(
            f"{method}: similarity gave {shown} for {count_of(pairs, 'pair')}, expected float32 ({pairs},)"
        )
    if missing := int(np.isnan(found).sum()):
        raise AnswerError(
            f"{method}: {count_of(missing, 'NaN similarity', 'NaN similarities')} in {count_of(pairs, 'pair')}"
        )
    if wide := int(_too_wide(found).sum()):
        raise AnswerError(
            f"{method}: {count_of(wide, 'similarity', 'similarities')} beyond float32 in {count_of(pairs, 'pair')}"
        )
    return found.astype(np.float32, copy=False)


def check_rows(encoder: str, rows: object, images: int) -> np.ndarray:
    """Rows (n, d) of an encoder, float32 or uint8; raises AnswerError, naming it, for anything else.

    A row is NaN throughout (nothing to encode, no face) or nowhere.
    """
    if not is_plain(rows) or rows.dtype not in (np.float32, np.uint8):
        shown = rows.dtype if is_plain(rows) else type(rows).__name__
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


def check_batch_size(encoder: str, size: object) -> int:
    """Images that an encoder takes at once; raises AnswerError, naming it, for what no batch can have."""
    if isinstance(size, bool) or not isinstance(size, Integral) or size < 1:
        raise AnswerError(f"{encoder}: batch_size is {str(size)[:40]}, expected a whole number, 1 or more")
    return int(size)


def check_transformed(transform: str, rows: object, count: int) -> np.ndarray:
    """Rows (n, d) that a transform made of as many; raises AnswerError, naming it, for anything else."""
    if not is_plain(rows) or rows.dtype.kind not in "fiu" or rows.ndim != 2 or len(rows) != count:
        shown = f"{rows.dtype} {rows.shape}" if is_plain(rows) else type(rows).__name__
        raise AnswerError(f"{transform}: apply gave {shown} for {count_of(count, 'row')}, expected (n, d) numbers")
    return rows


def check_hits(index: str, answer: object, queries: int, k: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and scores (n, k) that an index answered with, before they are stretched to fit or cut to float32.

    Raises AnswerError, naming the index. What is in them besides, `check_ranking` looks at.
    """
    found = tuple(answer) if isinstance(answer, tuple | list) else ()
    if len(found) != 2:
        raise AnswerError(f"{index}: search returned {type(answer).__name__}, expected positions and scores")
    for name, array, kinds in (("positions", found[0], "iu"), ("scores", found[1], "fiu")):
        if not is_plain(array) or array.dtype.kind not in kinds or array.shape != (queries, k):
            shown = f"{array.dtype} {array.shape}" if is_plain(array) else type(array).__name__
            raise AnswerError(f"{index}: {name} are {shown}, expected ({queries}, {k}) numbers")
    hits, scores = found
    if outside := int(((hits < -1) | (hits >= images)).sum()):
        raise AnswerError(f"{index}: {count_of(outside, 'position')} outside 0 to {images - 1}")
    if scores.dtype != np.float32 and (wide := int(_too_wide(scores).sum())):
        raise AnswerError(f"{index}: {count_of(wide, 'score')} beyond float32")
    return hits, scores


def check_bytes(method: str, nbytes: object) -> int:
    """Bytes of an index as an int; raises AnswerError, naming `method`, for what no index can have."""
    if isinstance(nbytes, bool) or not isinstance(nbytes, Integral) or not 0 <= int(nbytes) <= MOST_BYTES:
        raise AnswerError(f"{method}: nbytes is {str(nbytes)[:40]}, expected a whole number of bytes, 0 or more")
    return int(nbytes)


def _shape_problems(ranking: Ranking, queries: int, gallery: int) -> Iterator[str]:
    for name, array, kinds in (("ids", ranking.ids, "iu"), ("scores", ranking.scores, "f")):
        if not is_plain(array) or array.dtype.kind not in kinds:
            found = array.dtype if is_plain(array) else type(array).__name__
            yield f"{name} are {found}, expected {'int32' if kinds == 'iu' else 'float32'}"
    if not is_plain(ranking.undetected) or ranking.undetected.dtype != bool:
        yield "undetected is no array of bool"
    if ranking.ids.ndim != 2 or ranking.scores.shape != ranking.ids.shape:
        yield f"ids of shape {ranking.ids.shape} and scores of shape {ranking.scores.shape}"
    if ranking.undetected.shape != ranking.ids.shape[:1]:
        yield f"undetected of shape {ranking.undetected.shape}"
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


def _too_wide(scores: np.ndarray) -> np.ndarray:
    """Which finite scores become infinite as float32, where -inf means that there is no result."""
    with np.errstate(over="ignore"):
        return np.isfinite(scores) & ~np.isfinite(scores.astype(np.float32, copy=False))


def _faults(ids: np.ndarray, scores: np.ndarray, undetected: np.ndarray, gallery: int) -> Iterator[tuple[str, int]]:
    ended = ids == -1 if ids.dtype.kind == "i" else np.zeros(ids.shape, dtype=bool)
    valid = (ids >= 0) & (ids < gallery)
    yield "NaN scores", np.isnan(scores).sum()
    yield "scores beyond float32", _too_wide(scores).sum()
    yield f"ids outside 0 to {gallery - 1}", (~valid & ~ended).sum()
    yield "scores that rise along a row", (scores[:, 1:] > scores[:, :-1]).sum()
    places = np.arange(len(ids))[:, None] * gallery + np.where(valid, ids, 0).astype(np.int64)
    yield "images returned twice", (np.bincount(places[valid], minlength=1) > 1).sum()
    yield "ids of -1 without a score of -inf, or the other way round", (np.isneginf(scores) != ended).sum()
    yield "results after the end of a row", (ended[:, :-1] & ~ended[:, 1:]).sum()
    yield "results of undetected queries", (~ended[undetected]).sum()
