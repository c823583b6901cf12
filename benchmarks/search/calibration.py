"""From which score on is a hit a good match? Learned from searches whose right answer is taken away.

A threshold is the score that the best wrong hit of FALSE_MATCHES of such searches reaches (the false positive
identification rate at rank 1 of open-set search: Grother & Phillips 2004).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.search.chance import Chance
from datasets.words import count_of
from methods.distances import Metric

FALSE_MATCHES = 0.01
"""Of searches for something that is not in the gallery, the share that may be told of a match."""
FEWEST = 20
"""Searches; fewer say nothing about their rarest hundredth."""
COPY_RATIO = 0.4
"""Of two neighbouring distances: at or below it, what lies nearer than the gap is a near-duplicate of the image."""
Likeness = Metric | Literal["votes"]
"""How scores are read: by a metric, or as votes, of which an unrelated image has some and a copy many times as many."""
_EQUAL: Mapping[Likeness, float] = {"hamming": 0.0, "l2": 0.0, "cosine": 1.0, "votes": math.inf}
SURELY: Mapping[Likeness, float] = {"hamming": 0.0, "l2": 0.0, "cosine": 1 - 1e-5, "votes": math.inf}
"""The score of an equal image, allowing for rounding: a threshold above it could not be reached."""
_FEWEST_VOTES = 1e-3
"""What stands for no votes at all, whose inverse would be infinite."""
_ROBUST = (0.5, 0.1)
"""Quantiles of similarity that a folder's law is fitted to: those that the copies within it hardly move."""


@dataclass(frozen=True)
class Calibration:
    """A threshold and what it rests on, in words. None where nothing could be learned; `basis` says why."""

    threshold: float | None
    basis: str
    chance: Chance | None = None
    """Of each hit, by its score; None where nothing says which are right."""


def from_labels(wrong: np.ndarray, right: np.ndarray, attainable: float = math.inf) -> Calibration:
    """From labelled queries: the best wrong hit's score (n,) of each, the best right hit's (m,) of the answerable ones.

    -inf stands for no hit; the threshold is at most `attainable`, the score of an equal image.
    """
    wrong, right = wrong.astype(np.float64), right.astype(np.float64)
    searches = np.sort(wrong[np.isfinite(wrong)])[::-1]
    if len(searches) < FEWEST:
        return Calibration(None, f"{len(searches)} queries are too few to learn a threshold from")
    allowed = int(FALSE_MATCHES * len(searches))
    last = searches[allowed]
    above = np.concatenate([searches, right])
    above = above[above > last]
    # Midway to the next score seen, so that tied scores are never parted.
    threshold = float((last + above.min()) / 2) if len(above) else math.nextafter(float(last), math.inf)
    threshold = min(threshold, attainable)
    found = f", and {np.mean(right >= threshold):.0%} of searches for one that is" if len(right) else ""
    return Calibration(
        threshold,
        f"threshold from {len(searches):,} labelled queries: {np.mean(searches >= threshold):.1%} of searches for a "
        f"label that is not in the gallery would be told of a match{found}",
    )


def from_neighbours(
    scores: np.ndarray, metric: Likeness, unrelated: str, false_matches: float = FALSE_MATCHES
) -> Calibration:
    """From each sampled image's score (n,) with the nearest other one, which is `unrelated` to it.

    The least of many non-negative distances follows a Weibull law (Fisher & Tippett 1928), so minus its logarithm
    follows Gumbel's, which two quantiles fix. They are taken where unrelated pictures are, not in the tail, where a
    folder's own near-duplicates are; the threshold is the law's quantile at 1 - `false_matches`.
    """
    if len(scores) < FEWEST:
        few = count_of(len(scores), "image with an unrelated one beside it is", "images with an unrelated one are")
        return Calibration(None, f"not calibrated: {few} too few; {FEWEST} are needed")
    distances = distances_of(scores, metric)
    if np.median(distances) <= distances_of(np.array([_EQUAL[metric]]), metric)[0]:
        return Calibration(None, "not calibrated: half of the images have an equal here")
    untied = _untied(scores.astype(np.float64))
    # The most votes of many images follow Gumbel's law as they are.
    votes = metric == "votes"
    likeness = untied if votes else -np.log(np.maximum(distances_of(untied, metric), np.finfo(np.float64).tiny))
    middle, low = np.quantile(likeness, _ROBUST)
    if middle == low:
        return Calibration(None, "not calibrated: all images are equally alike")
    scale = (middle - low) / (_gumbel(_ROBUST[0]) - _gumbel(_ROBUST[1]))
    at = middle + scale * (_gumbel(1 - false_matches) - _gumbel(_ROBUST[0]))
    return Calibration(
        float(at) if votes else min(_score(math.exp(-at), metric), SURELY[metric]),
        f"threshold from {len(scores):,} images of this folder: as alike as {unrelated} here would be in 1 of "
        f"{round(1 / false_matches):,} searches, by the law their likeness follows",
    )


def near_duplicates(distances: np.ndarray) -> int:
    """How many of an image's nearest, with `distances` (k,), are near-duplicates of it, whatever the others show.

    Distances of unrelated images grow little by little. Near-duplicates (a re-saved or smaller copy) are nearer than
    COPY_RATIO of the distance that follows theirs; the last such gap counts.
    """
    gaps = np.flatnonzero(distances[:-1] <= COPY_RATIO * distances[1:])
    return int(gaps[-1]) + 1 if len(gaps) else 0


def _untied(scores: np.ndarray) -> np.ndarray:
    """Counted scores (n,), ordered, as of values between the counts: those of one count lie evenly around it.

    Hashes take few values (a pHash or PDQ differs by even numbers of bits alone), so that two quantiles of thousands of
    pictures may well be one number, or two whose distance is a matter of rounding. Values that are all equal stay so,
    and those that are no counts are hardly ever equal.
    """
    values, counts = np.unique(scores, return_counts=True)
    step = np.diff(values).min(initial=math.inf)
    if not np.isfinite(step):
        return scores
    within = np.concatenate([(np.arange(count) + 0.5) / count - 0.5 for count in counts])
    return np.repeat(values, counts) + step * within


def _gumbel(probability: float) -> float:
    """The standard Gumbel law's quantile."""
    return -math.log(-math.log(probability))


def distances_of(scores: np.ndarray, metric: Likeness) -> np.ndarray:
    """Non-negative distances (n,) of scores. A count of bits stands for the half either side of it."""
    if metric == "votes":
        return 1 / np.maximum(scores.astype(np.float64), _FEWEST_VOTES)
    if metric == "hamming":
        return -scores.astype(np.float64) + 0.5
    if metric == "l2":
        return -scores.astype(np.float64)
    return np.sqrt(np.maximum(2 - 2 * scores.astype(np.float64), 0))


def _score(distance: float, metric: Likeness) -> float:
    """The score at a distance: the inverse of `distances_of`."""
    if metric == "hamming":
        return 0.5 - distance
    return -distance if metric == "l2" else 1 - distance**2 / 2
