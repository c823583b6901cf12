"""tie_rate@k: how often the scores leave open which images are in the top k."""

import numpy as np

from benchmarks.metrics.judgement import Judgement


def tie_rate(judgement: Judgement, k: int) -> np.ndarray:
    """1 where results k and k + 1 have equal scores, else 0: (q,) float64. A diagnosis, not a quality.

    A ranking cut off at k shows no tie at k: rank at least one deeper.
    """
    return judgement.only_scored(judgement.tied_cuts[k])
