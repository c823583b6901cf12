"""What a ranking that knows nothing scores: the level on which the canaries must land."""

import numpy as np

from benchmarks.metrics.averages import micro
from benchmarks.metrics.chance_variance import VARIANCES
from benchmarks.metrics.judgement import Judgement
from benchmarks.metrics.registry import METRICS
from benchmarks.metrics.tie_blocks import TieBlocks


def chance(judgement: Judgement) -> dict[str, float]:
    """Expected mean over queries of each metric for a uniformly random ranking of the whole gallery.

    It is the metric of a ranking that is one tie block, so a method that scores every image alike hits it exactly.
    For all metrics but kNN-vote, which asks for the other labels too (at k = 1 it is hit@1), and tie_rate.
    """
    unknowing = _one_block(judgement)
    return {name: micro(METRICS[name].function(unknowing)) for name in VARIANCES}


def chance_standard_error(judgement: Judgement) -> dict[str, float]:
    """Standard error of those means when each query gets a uniformly random ranking of its own.

    Exact, from the metrics' variances: a random method should lie within 4 of these around `chance` (a Gaussian is
    beyond 4 once in 16,000; means of few or rare hits are skewed). NaN where no query has a positive.
    """
    unknowing = _one_block(judgement)
    scored = np.count_nonzero(judgement.scored)
    if not scored:
        return dict.fromkeys(VARIANCES, float("nan"))
    return {name: float(np.sqrt(variance(unknowing).sum()) / scored) for name, variance in VARIANCES.items()}


def _one_block(judgement: Judgement) -> Judgement:
    """The judgement of a ranking of the whole gallery in which everything ties, for the same queries."""
    query = np.flatnonzero(judgement.scored)
    nothing = np.zeros(len(query), dtype=np.int64)
    blocks = TieBlocks(query, nothing, judgement.candidates[query], judgement.positives[query], nothing)
    undetected = np.zeros(len(judgement), dtype=bool)
    return Judgement(blocks, judgement.positives, judgement.candidates, undetected, tied_cuts={}, votes={})
