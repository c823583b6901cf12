"""What a ranking that knows nothing scores, and how far chance may lead it: the level on which canaries must land.

A random ranking puts R positives on R of n ranks, all subsets equally likely, so that m given ranks all hold
positives with probability R (R - 1) .. (R - m + 1) / (n (n - 1) .. (n - m + 1)). From that follows each metric's
variance over uniformly random rankings, in closed form.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.metrics.judgement import CUTOFFS, Judgement
from benchmarks.metrics.means import micro
from benchmarks.metrics.ranking import cumulative_discounts, harmonic_numbers, inverse_first_rank, miss_probability
from benchmarks.metrics.registry import METRICS
from benchmarks.metrics.tie_blocks import TieBlocks

Variance = Callable[[Judgement], np.ndarray]
"""From a judgement whose queries' blocks hold the whole gallery to a variance (b,) for each of these."""


def chance(judgement: Judgement) -> dict[str, float]:
    """Expected mean over queries of each metric for a uniformly random ranking of the whole gallery.

    It is the metric of a ranking that is one tie block, so a method that scores every image alike hits it exactly.
    For all metrics but kNN-vote, which asks for the other labels too (at k = 1 it is hit@1), and tie_rate.
    """
    unknowing = _one_block(judgement)
    return {name: micro(METRICS[name].function(unknowing)) for name in VARIANCES}


def chance_standard_error(judgement: Judgement) -> dict[str, float]:
    """Standard error of those means when each query gets a uniformly random ranking of its own.

    Exact, from the metrics' variances: a random method should lie within 4 of these around `chance` (a Gaussian is
    beyond 4 once in 16,000; means of few or rare hits are skewed). NaN where no query has a positive.
    """
    unknowing = _one_block(judgement)
    scored = np.count_nonzero(judgement.scored)
    if not scored:
        return dict.fromkeys(VARIANCES, float("nan"))
    return {name: float(np.sqrt(variance(unknowing).sum()) / scored) for name, variance in VARIANCES.items()}


def _one_block(judgement: Judgement) -> Judgement:
    """The judgement of a ranking of the whole gallery in which everything ties, for the same queries."""
    query = np.flatnonzero(judgement.scored)
    nothing = np.zeros(len(query), dtype=np.int64)
    blocks = TieBlocks(query, nothing, judgement.candidates[query], judgement.positives[query], nothing)
    undetected = np.zeros(len(judgement), dtype=bool)
    return Judgement(blocks, judgement.positives, judgement.candidates, undetected, tied_cuts={}, votes={})


def _hit(judgement: Judgement, k: int) -> np.ndarray:
    blocks = judgement.blocks
    miss = miss_probability(np.minimum(k, blocks.size), blocks.size, blocks.positives)
    return miss * (1.0 - miss)


def _precision(judgement: Judgement, k: int) -> np.ndarray:
    ranks = np.minimum(k, judgement.blocks.size)
    return _weighted(judgement.blocks, ranks / k, ranks / k**2)


def _recall(judgement: Judgement, k: int) -> np.ndarray:
    blocks = judgement.blocks
    ranks = np.minimum(k, blocks.size)
    return _weighted(blocks, ranks / blocks.positives, ranks / blocks.positives**2)


def _r_precision(judgement: Judgement) -> np.ndarray:
    blocks = judgement.blocks
    return _weighted(blocks, np.ones(len(blocks)), 1.0 / blocks.positives)


def _ndcg(judgement: Judgement, k: int) -> np.ndarray:
    blocks = judgement.blocks
    ranks, discounts = np.minimum(k, blocks.size), cumulative_discounts(k)
    ideal = discounts[np.minimum(blocks.positives, k)]
    return _weighted(blocks, discounts[ranks] / ideal, cumulative_discounts(k, power=2)[ranks] / ideal**2)


def _weighted(blocks: TieBlocks, weights: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Variance of a sum over ranks of weight x [rank holds a positive]; `weights` and `squares` are their sums."""
    share = blocks.positives / blocks.size
    spread = np.maximum(squares - weights**2 / blocks.size, 0.0)  # below 0 by rounding only
    return share * (1 - share) * blocks.size / np.maximum(blocks.size - 1, 1) * spread


def _reciprocal_rank(judgement: Judgement) -> np.ndarray:
    blocks = judgement.blocks
    mean, square = (inverse_first_rank(blocks.above, blocks.size, blocks.positives, power) for power in (1, 2))
    return np.maximum(square - mean**2, 0.0)


def _average_precision(judgement: Judgement) -> np.ndarray:
    return _precision_sum(judgement.blocks, judgement.blocks.size)


def _average_precision_at_r(judgement: Judgement) -> np.ndarray:
    return _precision_sum(judgement.blocks, judgement.blocks.positives)


def _precision_sum(blocks: TieBlocks, ranks: np.ndarray) -> np.ndarray:
    """Variance of 1 / R x the sum of the precisions at the positives in the first c = `ranks` (b,) ranks.

    With x_i = [rank i holds a positive] the sum is L + Q, L = sum_i x_i / i, Q = sum_{j < i} x_i x_j / i. Its second
    moment sorts the products by how many different ranks occur in them; `reach` of rank v is the sum of 1 / i over
    the pairs (j, i) that v is in, 1 + H(c) - H(v) - 1 / v.
    """
    n = int(ranks.max(initial=0))
    rank = np.arange(1, n + 1)
    h1, h2 = harmonic_numbers(n), harmonic_numbers(n, power=2)
    lost = h1[1:] + 1.0 / rank
    lost_sums, lost_squares, lost_over_rank = (
        np.concatenate([[0.0], np.cumsum(terms)])[ranks] for terms in (lost, lost**2, lost / rank)
    )
    one, one_squared = h1[ranks], h2[ranks]
    pairs, pairs_squared = ranks - one, one - one_squared
    most = 1.0 + one
    reach_squared = ranks * most**2 - 2 * most * lost_sums + lost_squares
    reach_over_rank = most * one - lost_over_rank
    p1, p2, p3, p4 = (_all_positive(blocks, m) for m in (1, 2, 3, 4))
    square = (
        p1 * one_squared
        + p2 * (one**2 - one_squared + 2 * reach_over_rank + pairs_squared)
        + p3 * (2 * (one * pairs - reach_over_rank) + reach_squared - 2 * pairs_squared)
        + p4 * (pairs**2 - reach_squared + pairs_squared)
    )
    return np.maximum(square - (p1 * one + p2 * pairs) ** 2, 0.0) / blocks.positives**2


def _all_positive(blocks: TieBlocks, m: int) -> np.ndarray:
    """Probability (b,) that m given ranks all hold positives."""
    return np.prod([(blocks.positives - i).clip(0) / (blocks.size - i).clip(1) for i in range(m)], axis=0)


def _variances() -> Iterator[tuple[str, Variance]]:
    at_each_k = {"hit": _hit, "P": _precision, "recall": _recall, "nDCG": _ndcg}
    for name, function in at_each_k.items():
        for k in CUTOFFS:
            yield f"{name}@{k}", partial(function, k=k)
    yield "mAP", _average_precision
    yield "MAP@R", _average_precision_at_r
    yield "R-precision", _r_precision
    yield "MRR", _reciprocal_rank


VARIANCES: dict[str, Variance] = dict(_variances())
"""Of every metric that is a mean over random tie-breaks."""
