"""mAP and MAP@R: the precision at the rank of every positive, averaged over all positives.

In a tie block of `size` s with `positives` p, `above` a results and P positives above it, the i-th place holds a
positive with probability p / s, and then (i - 1)(p - 1) / (s - 1) more are expected before it in the block. Its
expected contribution is p / s x (P + 1 + (i - 1)(p - 1) / (s - 1)) / (a + i) (McSherry & Najork 2008, section 3),
which sums over i = 1..m, with h = H(a + m) - H(a) and H the harmonic numbers, to

    p / s x ((P + 1) h + (p - 1) / (s - 1) x (m - (a + 1) h)).
"""

import numpy as np

from benchmarks.metrics.judgement import Judgement
from benchmarks.metrics.tie_blocks import TieBlocks


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
    """Expected sum (b,) of the precisions at the positives in the first `places` (b,) places of each block."""
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
