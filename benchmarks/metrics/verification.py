"""Same or different? Scores of image pairs, judged by the protocol of LFW View 2.

Huang, Ramesh, Berg & Learned-Miller, "Labeled Faces in the Wild", UMass Amherst TR 07-49, 2007: accuracy is the mean
over ten folds, each judged with what was learned on the other nine, and its standard error is the folds' sample
standard deviation / sqrt(10).
"""

from dataclasses import dataclass

import numpy as np

from datasets.errors import DataError


@dataclass(frozen=True)
class Verification:
    """How well scores tell pairs of the same from pairs of different people. NaN where a kind of pair is absent."""

    accuracy: float
    """Mean over folds of the fraction of pairs judged right."""
    standard_error: float
    """Of that mean, over folds."""
    fold_accuracies: np.ndarray
    """(folds,) float64, in the order of the fold numbers."""
    thresholds: np.ndarray
    """(folds,) float64: the threshold each fold was judged with; a pair above it is judged the same."""
    auc: float
    """Area under the ROC curve."""
    tar_at_far_1e2: float
    """True accept rate at a false accept rate of at most 1e-2."""
    tar_at_far_1e3: float
    """True accept rate at a false accept rate of at most 1e-3."""
    undetected: int
    """Pairs with score -inf: judged different at every threshold."""


def verify(scores: np.ndarray, same: np.ndarray, fold: np.ndarray) -> Verification:
    """Judge `scores` (n,) of pairs, larger = more alike, -inf where one image has no face.

    Args:
        scores: (n,) float.
        same: (n,) bool, whether a pair is the same person.
        fold: (n,) int, the fold each pair belongs to.

    Raises:
        DataError: the arrays differ in length, a score is NaN, or there are fewer than two folds.
    """
    scores, same, fold = np.asarray(scores, dtype=np.float64), np.asarray(same, dtype=bool), np.asarray(fold)
    if not len(scores) == len(same) == len(fold):
        raise DataError(f"{len(scores)} scores, {len(same)} answers and {len(fold)} folds: one of each per pair")
    if np.isnan(scores).any():
        raise DataError(f"{np.isnan(scores).sum()} pair scores are NaN: a method must give -inf where it finds no face")
    folds = np.unique(fold)
    if len(folds) < 2:
        raise DataError(f"{len(folds)} fold of pairs: a threshold needs another fold to be picked on")
    thresholds = np.array([best_threshold(scores[fold != f], same[fold != f]) for f in folds])
    right = np.array(
        [np.mean((scores[fold == f] > t) == same[fold == f]) for f, t in zip(folds, thresholds, strict=True)]
    )
    return Verification(
        accuracy=float(right.mean()),
        standard_error=float(right.std(ddof=1) / np.sqrt(len(folds))),
        fold_accuracies=right,
        thresholds=thresholds,
        auc=area_under_curve(scores, same),
        tar_at_far_1e2=true_accept_rate(scores, same, 1e-2),
        tar_at_far_1e3=true_accept_rate(scores, same, 1e-3),
        undetected=int(np.count_nonzero(np.isneginf(scores))),
    )


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The threshold t at which most pairs are right when `scores > t` is judged the same.

    A threshold lies midway between two neighbouring distinct scores, so tied pairs are never parted, or at +inf or
    -inf (which still judges scores of -inf different). Of several best cuts the middle one is taken, the lower of
    two: where the scores separate the pairs, that is the middle of the gap.
    """
    values, which = np.unique(scores[scores > -np.inf], return_inverse=True)
    detected_same = same[scores > -np.inf]
    same_at = np.bincount(which[detected_same], minlength=len(values))
    different_at = np.bincount(which[~detected_same], minlength=len(values))
    # Cut i judges the values from i on the same: what is right there, and what is right below it.
    right = np.append(np.cumsum(same_at[::-1])[::-1], 0) + np.append(0, np.cumsum(different_at))
    best = np.flatnonzero(right == right.max())
    cut = int(best[(len(best) - 1) // 2])
    if cut == 0:
        return float("-inf")
    if cut == len(values):
        return float("inf")
    low, high = float(values[cut - 1]), float(values[cut])
    middle = low + (high - low) / 2
    return middle if middle < high else low  # neighbouring floats have no middle


def area_under_curve(scores: np.ndarray, same: np.ndarray) -> float:
    """Probability that a same pair scores above a different one, ties counting half (Mann & Whitney 1947)."""
    positive, negative = scores[same], np.sort(scores[~same])
    if not len(positive) or not len(negative):
        return float("nan")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / (2.0 * len(positive) * len(negative)))


def true_accept_rate(scores: np.ndarray, same: np.ndarray, false_accept_rate: float) -> float:
    """Fraction of same pairs accepted at the lowest threshold that accepts at most this fraction of different ones.

    No interpolation between operating points; pairs of equal score are accepted together or not at all, and scores
    of -inf never.
    """
    positive, negative = scores[same], np.sort(scores[~same])[::-1]
    if not len(positive) or not len(negative):
        return float("nan")
    allowed = int(np.floor(false_accept_rate * len(negative) + 1e-9))
    # Accept what is above the first different pair that is one too many.
    threshold = negative[allowed] if allowed < len(negative) else -np.inf
    return float(np.mean(positive > threshold))
