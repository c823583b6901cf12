"""What one method's trial comes to: shares with intervals, a threshold with what it lets through, time, memory."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.intervals import Interval, mean_share_interval, share_interval
from benchmarks.recommend.candidates import Purpose
from benchmarks.recommend.trial import TrialFigures
from datasets.words import count_of

FALSE_MATCHES = 0.01
"""Of searches for something that is not in the folder, the share that the threshold may let through."""
FEWEST_SEARCHES = 100
"""Searches; a threshold that rests on fewer says nothing about their rarest hundredth."""
RICH_IN_COPIES = 0.2
"""Share of pictures that are copies of others from which on what seems unrelated may not be."""


@dataclass(frozen=True)
class Threshold:
    """From `score` on a hit is told as a match: `false_matches` of `searches` without a right answer would be."""

    score: float
    false_matches: float
    interval: Interval
    found: float
    """Share of what is to be found whose right picture comes first with at least that score."""
    searches: int


@dataclass(frozen=True, eq=False)
class Figures:
    """One method on `size` pictures. `values` (q,) are what accuracy is the mean of: 1 where the first hit is right."""

    method: str
    family: str
    size: int
    values: np.ndarray
    copies: float
    """hit@1 of copies."""
    labels: float | None
    """hit@1 by label, where there are labels."""
    p50_ms: float
    peak_mib: float | None
    index_mib: float
    threshold: Threshold | None

    @property
    def accuracy(self) -> float:
        """hit@1 of what the folder is asked for."""
        return float(self.values.mean())

    @property
    def interval(self) -> Interval:
        """95 % interval of `accuracy`."""
        return mean_share_interval(self.values)


def figures_of(method: str, family: str, purpose: Purpose, result: TrialFigures) -> Figures:
    """From what `trial` left."""
    copies, labels = result["copies"], result["labels"]
    asked = copies if purpose == "copies" or labels is None else labels
    wrong = result["strangers"] if purpose == "copies" or labels is None else labels["wrong"]
    hits = np.array(asked["hits"], dtype=float)
    peak = result["peak_bytes"]
    return Figures(
        method=method,
        family=family,
        size=result["size"],
        values=hits,
        copies=float(np.mean(copies["hits"])),
        labels=None if labels is None else float(np.mean(labels["hits"])),
        p50_ms=result["latency"]["p50_ms"],
        peak_mib=None if peak is None else peak / 2**20,
        index_mib=result["index_bytes"] / 2**20,
        threshold=threshold(_scores(wrong), hits, _scores(asked["best"])),
    )


def threshold(wrong: np.ndarray, hits: np.ndarray, best: np.ndarray) -> Threshold | None:
    """The lowest score at which at most FALSE_MATCHES of searches without a right answer would be told of a match.

    Args:
        wrong: (n,) the best score of each such search, -inf for no hit.
        hits: (q,) chances that the first hit of a search with a right answer is right.
        best: (q,) the score of that first hit.

    None where nothing was searched for in vain, or nothing was ever found.
    """
    if not len(wrong) or not np.isfinite(wrong).any():
        return None
    falling = np.sort(wrong)[::-1]
    last = falling[int(FALSE_MATCHES * len(wrong))]
    if not np.isfinite(last):
        last = falling[np.isfinite(falling)][-1]
    above = np.concatenate([falling, best])
    above = above[above > last]
    # Midway to the next score seen, so that tied scores are never parted.
    score = float((last + above.min()) / 2) if len(above) else math.nextafter(float(last), math.inf)
    let_through = float(np.mean(wrong >= score))
    return Threshold(
        score,
        let_through,
        share_interval(let_through, len(wrong)),
        float(np.mean(hits * (best >= score))) if len(hits) else 0.0,
        len(wrong),
    )


def doubts(threshold: Threshold | None, copy_share: float) -> list[str]:
    """Why a threshold cannot be trusted, in phrases; none where it can."""
    if threshold is None:
        return ["no threshold: nothing was searched for in vain"]
    found = []
    if threshold.searches < FEWEST_SEARCHES:
        found.append(
            f"it rests on {count_of(threshold.searches, 'search', 'searches')}, and {FEWEST_SEARCHES} are needed"
        )
    if copy_share >= RICH_IN_COPIES:
        found.append(f"{copy_share:.0%} of the pictures are copies of others, so what seems unrelated may not be")
    return found


def _scores(values: list[float | None]) -> np.ndarray:
    return np.array([-np.inf if value is None else value for value in values], dtype=float)
