"""Copy detection over all (query, image) pairs at once, as in DISC21: one threshold has to serve every query.

Each query has one right image or, a distractor, none. Kept is what every figure follows from (`PairRanks`): for each
right pair how many wrong pairs of each query score higher, and how many the same. So figures can be made again, and
resampled, without the scores.

Douze et al., "The 2021 Image Similarity Dataset and Challenge", 2021: micro-average precision and recall at 90 %
precision. Ties: micro-average precision is its expectation over random orders of equal scores (McSherry & Najork, ECIR
2008); for recall at a precision, pairs of equal score are accepted together or not at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datasets.errors import DataError

PRECISION = 0.9


@dataclass(frozen=True, eq=False)
class PairRanks:
    """`scores` (p,) of the right pairs, -inf where one was not returned; `query` (p,) the row of each one's query.

    `above` and `tied` (q, p) count wrong pairs of each of q queries that score above and just as each right pair.
    """

    scores: np.ndarray
    query: np.ndarray
    above: np.ndarray
    tied: np.ndarray

    @cached_property
    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct scores of found right pairs, best first: (l,) a right pair of each, (p,) the level of each or l."""
        found = np.isfinite(self.scores)
        values, first, place = np.unique(-self.scores[found], return_index=True, return_inverse=True)
        level = np.full(len(self.scores), len(values))
        level[found] = place
        return np.flatnonzero(found)[first], level


def pair_ranks(scores: np.ndarray, right: np.ndarray) -> PairRanks:
    """From `scores` (q, n) of queries with gallery images, larger = more alike; `right` (q,) images, -1 for none.

    -inf is no answer, NaN takes a pair out (neither right nor wrong). Raises DataError where no image is right.
    """
    has_one = right >= 0
    own = np.full(len(right), -np.inf, dtype=scores.dtype)
    own[has_one] = scores[has_one, right[has_one]]
    return pair_ranks_of(scores, own, right)


def pair_ranks_of(lines: Iterable[np.ndarray], own_scores: np.ndarray, right: np.ndarray) -> PairRanks:
    """As `pair_ranks`, where scores are not all in memory: `lines` are the (n,) scores of one query after another.

    `own_scores` (q,) is what each query scores with its right image.
    """
    query = np.flatnonzero(right >= 0)
    if not len(query):
        raise DataError("no query has an original in the gallery: there is nothing to find")
    own = own_scores[query].astype(np.float64)
    own[np.isnan(own)] = -np.inf
    above, tied = (np.zeros((len(right), len(query)), dtype=np.int32) for _ in range(2))
    for row, line in enumerate(lines):
        wrong = np.delete(line, right[row]) if right[row] >= 0 else line
        wrong = np.sort(wrong[np.isfinite(wrong)].astype(np.float64))
        below, not_above = (np.searchsorted(wrong, own, side=side) for side in ("left", "right"))
        above[row], tied[row] = len(wrong) - not_above, not_above - below
    return PairRanks(own, query, above, tied)


def first_hits(ranks: PairRanks) -> np.ndarray:
    """(q,) the chance that a query's right image comes first, ties in random order; NaN for distractors."""
    values = np.full(len(ranks.above), np.nan)
    pairs = np.arange(len(ranks.query))
    above, tied = ranks.above[ranks.query, pairs], ranks.tied[ranks.query, pairs]
    values[ranks.query] = np.where(np.isfinite(ranks.scores) & (above == 0), 1 / (1 + tied), 0.0)
    return values


def micro_average_precision(ranks: PairRanks, weights: np.ndarray | None = None) -> np.ndarray:
    """(r,) expected average precision over all pairs; `weights` (r, q) count each query so often (default: once)."""
    right, wrong_above, wrong_tied, total = _counts(ranks, weights)
    return _blocks(right, wrong_above, wrong_tied).sum(axis=1) / np.maximum(total, 1)


def pair_precisions(ranks: PairRanks) -> np.ndarray:
    """(q,) what each query adds to the micro-average precision, which is their mean; NaN for distractors."""
    right, wrong_above, wrong_tied, _ = _counts(ranks, None)
    each = np.append((_blocks(right, wrong_above, wrong_tied) / np.maximum(right, 1))[0], 0.0)
    values = np.full(len(ranks.above), np.nan)
    values[ranks.query] = each[ranks.levels[1]]
    return values


def recall_at_precision(
    ranks: PairRanks, weights: np.ndarray | None = None, precision: float = PRECISION
) -> np.ndarray:
    """(r,) the largest share of right pairs above a threshold at which `precision` of the pairs above it are right."""
    right, wrong_above, wrong_tied, total = _counts(ranks, weights)
    accepted = np.cumsum(right, axis=1)
    enough = accepted >= precision * (accepted + wrong_above + wrong_tied) - 1e-9
    return np.where(enough, accepted, 0).max(axis=1, initial=0) / np.maximum(total, 1)


def resampled_weights(clusters: np.ndarray, resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """(resamples, q) how often each query is drawn where whole `clusters` (q,) are drawn with replacement."""
    _, cluster = np.unique(clusters, return_inverse=True)
    number = int(cluster.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=resamples)
    return drawn[:, cluster].astype(np.float64)


def _counts(ranks: PairRanks, weights: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """(r, l) right pairs, wrong ones above and wrong ones tied at each level, and (r,) all right pairs."""
    weights = np.ones((1, len(ranks.above))) if weights is None else weights
    first, level = ranks.levels
    own = weights[:, ranks.query]
    right = np.zeros((len(weights), len(first)))
    found = np.flatnonzero(level < len(first))
    np.add.at(right.T, level[found], own[:, found].T)
    return right, weights @ ranks.above[:, first], weights @ ranks.tied[:, first], own.sum(axis=1)


def _blocks(right: np.ndarray, wrong_above: np.ndarray, wrong_tied: np.ndarray) -> np.ndarray:
    """(r, l) expected sum of precisions at the right pairs of each level, its pairs being in random order.

    With r right of t tied pairs below n others, s of them right, place i of the block holds a right pair by chance r/t,
    and then s + 1 + (i - 1)(r - 1)/(t - 1) right ones down to it are expected; summed over i by harmonic numbers.
    """
    from scipy.special import digamma

    tied = right + wrong_tied
    before = np.cumsum(right, axis=1) - right
    ranked = before + wrong_above
    growth = np.where(tied > 1, (right - 1) / np.maximum(tied - 1, 1), 0.0)
    harmonic = digamma(ranked + tied + 1) - digamma(ranked + 1)
    expected = growth * tied + (before + 1 - growth * (ranked + 1)) * harmonic
    return np.where(right > 0, right / np.maximum(tied, 1) * expected, 0.0)
