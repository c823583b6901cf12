"""One method on a part of the folder, inside its own process: copies, pictures without a right answer, labels, cost."""

from dataclasses import dataclass
from functools import partial
from typing import Any, TypedDict

import numpy as np

from benchmarks.core.tasking.context import CellContext, afresh
from benchmarks.execution import timing
from benchmarks.execution.worker import Job, contained, open_cell
from benchmarks.protocol import SEARCH_DEPTH, SEED, Timing
from benchmarks.rows.cell import Latency
from benchmarks.system.memory import StagePeaks
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.usual_copies import usual_copies
from methods.answers import check_ranking
from methods.ranking import Ranking

TIMING = Timing(queries=20, seconds=2.0, batch=1, gallery_sample=1)


@dataclass(frozen=True, kw_only=True)
class TrialJob(Job):
    """A Job over the first `size` pictures of the gallery, and copies of the first `copies` of these."""

    size: int
    copies: int


class FirstPlaces(TypedDict):
    """What of each query's first place is right, by query (see `right_first`)."""

    hits: list[float]
    best: list[float | None]
    wrong: list[float | None]


class TrialFigures(TypedDict):
    """What a trial measures of one method."""

    size: int
    copies: FirstPlaces
    strangers: list[float | None]
    """The best score of each search for what is not there."""
    labels: FirstPlaces | None
    latency: Latency
    peak_bytes: int | None
    index_bytes: int


def run_trial(job: TrialJob) -> None:
    """Entry point of the child process."""
    contained(job, partial(_measure, size=job.size, copies=job.copies))


def _measure(job: Job, size: int, copies: int) -> TrialFigures:
    context, dataset = open_cell(job)
    manifest = Manifest.from_json(job.manifest.read_text(encoding="utf-8"), dataset)
    gallery, held_out = manifest.gallery[:size], manifest.queries
    asked, strangers = (usual_copies(some[:copies], SEED, held_out) for some in (gallery, held_out))
    pictures = np.arange(len(gallery))
    timed = timing.in_memory(held_out[: TIMING.queries])
    peaks = StagePeaks()
    with peaks.stage("index"):
        method = context.build(context.embed())
        method.fit(gallery)
        method.index(gallery)
    found = [
        right_first(_search(context, method, images, len(gallery)), pictures == positions[:, None])
        for positions, images in asked
    ]
    alone = [best_scores(_search(context, method, images, len(gallery))) for _, images in strangers]
    labelled = np.flatnonzero(np.isin(held_out.labels[:copies], gallery.labels))
    by_label = _search(context, method, held_out.take(labelled), len(gallery)) if len(labelled) else None
    afresh(method)
    with peaks.stage("query"):
        samples = timing.query_latency(method, timed, min(SEARCH_DEPTH, len(gallery)), TIMING)
    labels = gallery.labels == held_out.labels[labelled][:, None]
    return {
        "size": len(gallery),
        "copies": {
            "hits": [value for part in found for value in part["hits"]],
            "best": [value for part in found for value in part["best"]],
            "wrong": [value for part in found for value in part["wrong"]],
        },
        "strangers": finite(np.concatenate(alone)),
        "labels": None if by_label is None else right_first(by_label, labels),
        "latency": timing.percentiles(samples.total),
        "peak_bytes": peaks.highest,
        "index_bytes": int(method.nbytes),
    }


def best_scores(ranking: Ranking) -> np.ndarray:
    """The best score of each query (q,), -inf where nothing was found."""
    return ranking.scores[:, 0] if ranking.scores.shape[1] else np.full(len(ranking.scores), -np.inf)


def right_first(ranking: Ranking, right: np.ndarray) -> FirstPlaces:
    """What of each query's first place is right: `right` (q, n) says which gallery pictures are.

    `hits` are chances where scores tie for the first place; `best` is the score there, `wrong` that of the best wrong
    picture, None for none.
    """
    found = np.where(ranking.ids >= 0, np.take_along_axis(right, np.maximum(ranking.ids, 0), axis=1), False)
    best = best_scores(ranking)
    tied = (ranking.scores == best[:, None]) & (ranking.ids >= 0)
    hits = (tied & found).sum(axis=1) / np.maximum(tied.sum(axis=1), 1)
    wrong = np.where(found, -np.inf, ranking.scores).max(axis=1, initial=-np.inf)
    return {"hits": hits.tolist(), "best": finite(best), "wrong": finite(wrong)}


def finite(scores: np.ndarray) -> list[float | None]:
    """Scores for JSON: None for -inf."""
    return [float(score) if np.isfinite(score) else None for score in scores]


def _search(context: CellContext, method: Any, images: ImageSet, depth: int) -> Ranking:
    return check_ranking(context.spec.id, method.search(images, depth), len(images), depth)
