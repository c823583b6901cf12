"""The metrics written down naively, for one query and a strict order: what the vectorised ones are held against."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, permutations

import numpy as np

from benchmarks.metrics.judgement import CUTOFFS
from methods.ranking import Ranking


def strict_metrics(relevant: Sequence[bool], positives: int) -> dict[str, float]:
    """Every metric that is a mean over random tie-breaks, of one strict ranking with `positives` in the gallery."""
    ranks = [rank for rank, hit in enumerate(relevant, start=1) if hit]
    precisions = {rank: nth / rank for nth, rank in enumerate(ranks, start=1)}
    values = {}
    for k in CUTOFFS:
        above = [rank for rank in ranks if rank <= k]
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(positives, k) + 1))
        values[f"hit@{k}"] = float(bool(above))
        values[f"P@{k}"] = len(above) / k
        values[f"recall@{k}"] = len(above) / positives
        values[f"nDCG@{k}"] = sum(1 / math.log2(rank + 1) for rank in above) / ideal
    values["mAP"] = sum(precisions.values()) / positives
    values["MAP@R"] = sum(p for rank, p in precisions.items() if rank <= positives) / positives
    values["R-precision"] = sum(rank <= positives for rank in ranks) / positives
    values["MRR"] = 1 / ranks[0] if ranks else 0.0
    return values


def tie_breaks(scores: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Every order of the items in which scores do not increase."""
    for order in permutations(range(len(scores))):
        if all(scores[i] >= scores[j] for i, j in pairwise(order)):
            yield order


def mean_over_tie_breaks(scores: Sequence[float], relevant: Sequence[bool], positives: int) -> dict[str, float]:
    """The mean of `strict_metrics` over all tie-breaks."""
    values = [strict_metrics([relevant[i] for i in order], positives) for order in tie_breaks(scores)]
    return {name: math.fsum(value[name] for value in values) / len(values) for name in values[0]}


def vote_share(scores: Sequence[float], labels: Sequence[int], truth: int, k: int) -> float:
    """Share of `truth` in the win of the votes of the top k, in the mean over all tie-breaks."""
    shares = []
    for order in tie_breaks(scores):
        votes = Counter(labels[i] for i in order[:k])
        winners = [label for label, count in votes.items() if count == max(votes.values())]
        shares.append(Fraction(1, len(winners)) if truth in winners else Fraction(0))
    return float(sum(shares) / len(shares))


def ranking_of(scores: np.ndarray, order_seed: int | None = None, undetected: np.ndarray | None = None) -> Ranking:
    """A ranking of dense scores (q, n), ties in index order, or in a random order from a seed."""
    q, n = scores.shape
    within = np.tile(np.arange(n), (q, 1))
    if order_seed is not None:
        within = np.random.default_rng(order_seed).permuted(within, axis=1)
    ids = np.lexsort((within, -scores), axis=1).astype(np.int32)
    if undetected is None:
        undetected = np.zeros(q, dtype=bool)
    ids[undetected] = -1
    sorted_scores = np.take_along_axis(scores, np.maximum(ids, 0), axis=1).astype(np.float32)
    sorted_scores[undetected] = -np.inf
    return Ranking(ids, sorted_scores, undetected)
