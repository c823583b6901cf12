"""MRR: one over the rank of the first positive."""

import numpy as np

from benchmarks.metrics.judgement import Judgement


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
