"""kNN-vote accuracy@k: does a vote of the k nearest neighbours name the query's label?"""

import numpy as np

from benchmarks.metrics.judgement import Judgement


def knn_vote(judgement: Judgement, k: int) -> np.ndarray:
    """Share of the query's label in the win of an unweighted vote of the top k: (q,) float64.

    The k results (all there are, if fewer) have one vote each. The label with most votes wins, and several with
    equally many share the win: 1 / their number for the query's label if it is among them. Cover & Hart, IEEE Trans.
    Inf. Theory 1967.

    Like every metric here it is the mean over random tie-breaks, exactly (see votes.py); at k = 1 it equals hit@1.
    """
    return judgement.only_scored(judgement.votes[k])
