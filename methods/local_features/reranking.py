"""Geometric verification of the best (Philbin et al., CVPR 2007) that keeps what the first ranking knew."""

from collections.abc import Callable

import numpy as np


def rerank_best(scores: np.ndarray, shortlist: int, inliers: Callable[[int], int]) -> np.ndarray:
    """Scores (n,) of 0 or more with the `shortlist` best multiplied by 1 + their `inliers(image)`.

    Images that tie with the last of the shortlist are verified too (order must not decide), images that score 0 are
    not. A factor of 1 or more lifts the verified and leaves the others below as they were; where nothing agrees (a
    mirrored copy, another photo of the same face) the first ranking stands, which counting inliers alone would destroy.
    """
    last = np.sort(scores)[-min(shortlist, len(scores)) :].min(initial=np.inf)
    reranked = scores.copy()
    for image in map(int, np.flatnonzero((scores >= last) & (scores > 0))):
        reranked[image] *= 1 + inliers(image)
    return reranked
