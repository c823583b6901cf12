"""P@k, recall@k and R-precision: how many positives stand above a cut, divided three ways."""

import numpy as np

from benchmarks.metrics.judgement import Judgement


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
