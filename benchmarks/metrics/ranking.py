"""The ranking metrics: each an expectation over random tie-breaks (McSherry & Najork 2008), a value for every query."""

import numpy as np

from benchmarks.metrics.judgement import Judgement
from benchmarks.metrics.tie_blocks import TieBlocks


def hit(judgement: Judgement, k: int) -> np.ndarray:
    """Probability of a positive in the top k: (q,) float64.

    Where the block with the first positive straddles the cut, its k - above places are a draw without replacement:
    hypergeometric (McSherry & Najork 2008, section 3).
    """
    blocks = judgement.first_blocks
    draws = np.clip(k - blocks.above, 0, blocks.size)
    miss = miss_probability(draws, blocks.size, blocks.positives)
    return judgement.sums(blocks, 1.0 - miss)


def miss_probability(draws: np.ndarray, size: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Probability (b,) that `draws` of `size` items, without replacement, hold none of the `positives`."""
    miss = np.ones(len(size))
    for drawn in range(int(draws.max(initial=0))):
        chance = np.maximum(size - positives - drawn, 0) / np.maximum(size - drawn, 1)
        miss *= np.where(drawn < draws, chance, 1.0)
    return miss


def found(judgement: Judgement, cutoff: int | np.ndarray) -> np.ndarray:
    """Expected positives among the first `cutoff` results (one cut, or one for each query): (q,) float64.

    A block that straddles the cut gives its share: places above the cut x positives / size.
    """
    blocks = judgement.blocks_above(cutoff)
    cut = cutoff[blocks.query] if isinstance(cutoff, np.ndarray) else cutoff
    places = np.minimum(cut - blocks.above, blocks.size)
    return judgement.sums(blocks, places * blocks.positives / blocks.size)


def precision(judgement: Judgement, k: int) -> np.ndarray:
    """P@k: expected positives in the top k / k, also where the gallery has fewer than k images."""
    return found(judgement, k) / k


def recall(judgement: Judgement, k: int) -> np.ndarray:
    """recall@k: expected fraction of all the query's positives that stand in the top k."""
    return found(judgement, k) / np.maximum(judgement.positives, 1)


def r_precision(judgement: Judgement) -> np.ndarray:
    """Precision at R, the number of the query's positives (TREC's Rprec)."""
    return found(judgement, judgement.positives) / np.maximum(judgement.positives, 1)


def reciprocal_rank(judgement: Judgement) -> np.ndarray:
    """Expected reciprocal rank of the first positive: (q,) float64, 0 where none is found."""
    blocks = judgement.first_blocks
    return judgement.sums(blocks, inverse_first_rank(blocks.above, blocks.size, blocks.positives))


def inverse_first_rank(above: np.ndarray, size: np.ndarray, positives: np.ndarray, power: int = 1) -> np.ndarray:
    """E[1 / rank ** power] of the first positive in tie blocks with `above` results over them: (b,) float64.

    The i-th of s places is the first of p positives with probability p / (s - i + 1) x prod_{j < i - 1}
    (s - p - j) / (s - j). Computed once for each distinct block, for hashes make the same blocks again and again.
    """
    expected = 1.0 / (above + 1.0) ** power
    mixed = np.flatnonzero(positives < size)
    triples, which = np.unique(
        np.stack([above[mixed], size[mixed], positives[mixed]], axis=1), axis=0, return_inverse=True
    )
    values = np.array([_inverse_rank_of_block(a, s, p, power) for a, s, p in triples.tolist()], dtype=np.float64)
    expected[mixed] = values[which.ravel()]
    return expected


def _inverse_rank_of_block(above: int, size: int, positives: int, power: int) -> float:
    taken = np.arange(size - positives + 1.0)  # negatives that came first
    left = size - taken
    none_yet = np.concatenate([[1.0], np.cumprod((left - positives)[:-1] / left[:-1])])
    return float(np.sum(none_yet * (positives / left) / (above + 1 + taken) ** power))


def average_precision(judgement: Judgement) -> np.ndarray:
    """AP over the full ranking, divided by all positives, found or not: (q,) float64; their mean is mAP."""
    blocks = judgement.all_blocks
    return judgement.sums(blocks, _precision_sums(blocks, blocks.size)) / np.maximum(judgement.positives, 1)


def average_precision_at_r(judgement: Judgement) -> np.ndarray:
    """MAP@R of each query: the same sum over the first R ranks only, divided by R, its number of positives.

    Musgrave, Belongie & Lim, "A Metric Learning Reality Check", ECCV 2020.
    """
    blocks = judgement.blocks_above(judgement.positives)
    places = np.minimum(judgement.positives[blocks.query] - blocks.above, blocks.size)
    return judgement.sums(blocks, _precision_sums(blocks, places)) / np.maximum(judgement.positives, 1)


def _precision_sums(blocks: TieBlocks, places: np.ndarray) -> np.ndarray:
    """Expected sum (b,) of the precisions at the positives in the first `places` (b,) places of each block.

    In a tie block of `size` s with `positives` p, `above` a results and P positives above it, the i-th place holds a
    positive with probability p / s, and then (i - 1)(p - 1) / (s - 1) more are expected before it in the block. Its
    expected contribution is p / s x (P + 1 + (i - 1)(p - 1) / (s - 1)) / (a + i) (McSherry & Najork 2008, section 3),
    which sums over i = 1..m, with h = H(a + m) - H(a) and H the harmonic numbers, to

        p / s x ((P + 1) h + (p - 1) / (s - 1) x (m - (a + 1) h)).
    """
    found_first = blocks.positives_above + 1
    sums = found_first / (blocks.above + 1)  # exact for a single place
    tied = np.flatnonzero(blocks.size > 1)
    above, size, positives = blocks.above[tied], blocks.size[tied], blocks.positives[tied]
    harmonic = harmonic_numbers(int((above + size).max(initial=0)))
    h = harmonic[above + places[tied]] - harmonic[above]
    more = (positives - 1) / (size - 1) * (places[tied] - (above + 1) * h)
    sums[tied] = positives / size * (found_first[tied] * h + more)
    return sums


def harmonic_numbers(n: int, power: int = 1) -> np.ndarray:
    """Generalised harmonic numbers H(0)..H(n), sums of 1 / i ** power: (n + 1,) float64."""
    return np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, n + 1) ** power)])


def ndcg(judgement: Judgement, k: int) -> np.ndarray:
    """Expected discounted gain of the top k over that of an ideal ranking of all positives: (q,) float64.

    Gain 1 for a positive, discount 1 / log2(rank + 1) (Järvelin & Kekäläinen, TOIS 2002, in the form of
    Burges et al. 2005; trec_eval's ndcg_cut). A place in a tie block gains positives / size.
    """
    blocks = judgement.blocks_above(k)
    discounts = cumulative_discounts(k)
    gained = discounts[np.minimum(blocks.above + blocks.size, k)] - discounts[blocks.above]
    dcg = judgement.sums(blocks, blocks.positives / blocks.size * gained)
    return dcg / discounts[np.clip(judgement.positives, 1, k)]


def cumulative_discounts(k: int, power: int = 1) -> np.ndarray:
    """Sums of log2(rank + 1) ** -power over the first 0..k ranks: (k + 1,) float64."""
    return np.concatenate([[0.0], np.cumsum(np.log2(np.arange(2, k + 2)) ** -power)])


def tie_rate(judgement: Judgement, k: int) -> np.ndarray:
    """1 where results k and k + 1 have equal scores, else 0: (q,) float64. A diagnosis, not a quality.

    A ranking cut off at k shows no tie at k: rank at least one deeper.
    """
    return judgement.only_scored(judgement.tied_cuts[k])


def knn_vote(judgement: Judgement, k: int) -> np.ndarray:
    """Share of the query's label in the win of an unweighted vote of the top k: (q,) float64.

    The k results (all there are, if fewer) have one vote each. The label with most votes wins, and several with
    equally many share the win: 1 / their number for the query's label if it is among them. Cover & Hart, IEEE Trans.
    Inf. Theory 1967.

    Like every metric here it is the mean over random tie-breaks, exactly (see votes.py); at k = 1 it equals hit@1.
    """
    return judgement.only_scored(judgement.votes[k])
