"""kNN-vote accuracy@k: does a vote of the k nearest neighbours name the query's label?"""

import numpy as np

from benchmarks.metrics.judgement import Judgement


def knn_vote(judgement: Judgement, k: int) -> np.ndarray:
    """Share of the query's label in the win of an unweighted vote of the top k: (q,) float64.

    The k results (all there are, if fewer) have one vote each; results tied across the cut share the places left,
    so they count with their expected votes. The label with most votes wins, and several with equally many share
    the win: 1 / their number for the query's label if it is among them. Cover & Hart, IEEE Trans. Inf. Theory 1967.

    The vote is taken on expected votes; unlike the other metrics it is not linear in them, so it is invariant to
    the order of ties but not the mean over random tie-breaks.
    """
    return judgement.only_scored(judgement.votes[k])
