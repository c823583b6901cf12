"""hit@k: is there a positive among the first k results?"""

import numpy as np

from benchmarks.metrics.judgement import Judgement


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
