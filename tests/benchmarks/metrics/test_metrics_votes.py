"""Votes through tied cuts are the mean over every tie-break, exactly."""

from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metrics.judgement import judge
from benchmarks.metrics.registry import evaluate
from benchmarks.metrics.votes import counted_block
from tests.benchmarks.metrics_definitions import ranking_of

VOID = 9


def enumerated(above, block, k, truth):
    """The share in the mean over every draw from the block, by counting."""
    shares = []
    for drawn in combinations(range(len(block)), k - len(above)):
        votes = Counter([*above, *(block[place] for place in drawn)])
        winners = [label for label, count in votes.items() if count == max(votes.values())]
        shares.append(Fraction(1, len(winners)) if truth in winners else Fraction(0))
    return float(sum(shares) / len(shares))


@settings(max_examples=300, deadline=None)
@given(
    above=st.lists(st.integers(0, 4), max_size=6),
    block=st.lists(st.integers(0, 4), min_size=1, max_size=9),
    draws=st.integers(1, 9),
    truth=st.integers(0, 5),
)
def test_the_share_is_the_mean_over_all_draws(above, block, draws, truth):
    k = len(above) + min(draws, len(block))
    with_void = np.array([*above, VOID]), np.array([VOID, *block, VOID])
    expected = enumerated(above, block, k, truth)
    assert counted_block(*with_void, truth, VOID).share(k) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_one_voter_is_the_first_hit(seed, levels):
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, levels, (8, 40)).astype(np.float32)
    values = evaluate(judge(ranking_of(scores), generator.integers(0, 7, 40), generator.integers(0, 7, 8)))
    np.testing.assert_allclose(values["kNN-vote@1"], values["hit@1"], atol=1e-12)


def test_a_whole_gallery_that_ties_is_no_better_than_chance():
    """`constant` on many small classes, where a vote of expectations would name the largest class every time."""
    labels = np.repeat(np.arange(400), np.r_[np.full(399, 2), 5])
    queries = np.arange(0, 400, 20)
    values = evaluate(judge(ranking_of(np.zeros((len(queries), len(labels)), np.float32)), labels, queries))
    np.testing.assert_allclose(values["kNN-vote@1"], values["hit@1"], atol=1e-12)
    draws = np.random.default_rng(3)
    shares = []
    for _ in range(4000):
        votes = Counter(draws.choice(labels, 25, replace=False).tolist())
        winners = [label for label, count in votes.items() if count == max(votes.values())]
        shares.append(np.isin(queries, winners).mean() / len(winners))
    error = np.std(shares) / np.sqrt(len(shares))
    assert abs(np.mean(values["kNN-vote@25"]) - np.mean(shares)) < 4 * error


def test_large_blocks_stay_finite():
    block = np.repeat(np.arange(1000), 200)
    share = counted_block(np.array([3, 3]), block, 3, 1000).share(25)
    assert 0.5 < share <= 1.0
