"""nDCG@k with binary gains."""

import numpy as np

from benchmarks.metrics.judgement import Judgement


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
