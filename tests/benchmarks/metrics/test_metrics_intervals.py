"""Intervals hold the true value about as often as they say, where nearly all or nearly nothing is found too."""

import numpy as np
import pytest
from scipy.stats import beta, binom, binomtest

from benchmarks.metrics.intervals import bca_interval, mean_share_interval, share_interval
from benchmarks.metrics.means import resampled_means
from benchmarks.metrics.statistics import bootstrap_interval, bootstrap_intervals

SHARES = (0.005, 0.02, 0.1, 0.3, 0.9, 0.98, 0.995)
SIZES = (48, 170, 300, 1000)


def coverage(n, share):
    """Exactly: how likely is a number of successes whose interval holds the share?"""
    intervals = [share_interval(successes / n, n) for successes in range(n + 1)]
    holds = np.array([low <= share <= high for low, high in intervals])
    return float(binom.pmf(np.arange(n + 1), n, share)[holds].sum())


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("share", SHARES)
def test_a_share_is_covered(n, share):
    assert 0.93 <= coverage(n, share) <= 0.995


def test_all_of_170_is_no_certainty():
    assert share_interval(1.0, 170) == pytest.approx((0.978, 1.0), abs=1e-3)
    assert mean_share_interval(np.ones(170)) == share_interval(1.0, 170)
    low, high = bootstrap_intervals({"hit@1": np.ones(170)}, shares={"hit@1"})["hit@1"]
    assert (low < 0.98, high) == (True, 1.0)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "n"), [(11, 30), (20, 40), (100, 170), (700, 1000)])
def test_far_from_both_ends_it_is_wilsons_interval(successes, n, confidence):
    found = share_interval(successes / n, n, confidence)
    assert found == pytest.approx(tuple(binomtest(successes, n).proportion_ci(confidence, method="wilson")))
    hits = np.arange(n) < successes  # a mean of hits and misses is a share of as many trials
    assert mean_share_interval(hits.astype(float), confidence) == pytest.approx(found)


def test_few_successes_are_those_of_the_poisson_bound():
    assert share_interval(1 / 1000, 1000).low == pytest.approx(-np.log(0.95) / 1000)
    assert share_interval(999 / 1000, 1000).high == pytest.approx(1 + np.log(0.95) / 1000)


def test_chances_between_count_as_the_coins_that_vary_as_they_do():
    values = np.tile([0.4, 0.6], 50)
    low, high = mean_share_interval(values)
    assert low < 0.5 < high
    assert high - low < 0.05  # coins of one half would have 0.19
    assert mean_share_interval(np.full(50, 0.25)) == (0.25, 0.25)
    assert np.isnan(mean_share_interval(np.empty(0))).all()


def test_a_skewed_mean_is_covered_more_often_than_by_percentiles():
    """Average precision of a good method: most near 1, some anywhere below."""
    generator, truth = np.random.default_rng(5), beta(4, 0.25).mean()
    held = {"bca": 0, "percentiles": 0}
    for _ in range(600):
        values = generator.beta(4, 0.25, size=60)
        means = resampled_means(values[:, None], 800, seed=int(generator.integers(2**31)))[:, 0]
        low, high = bca_interval(values, means)
        held["bca"] += low <= truth <= high
        low, high = np.quantile(means, [0.025, 0.975])
        held["percentiles"] += low <= truth <= high
    assert held["bca"] >= held["percentiles"]
    assert held["bca"] / 600 >= 0.91


def test_a_symmetric_mean_has_nearly_the_percentile_interval():
    values = np.random.default_rng(1).random(400)
    means = resampled_means(values[:, None], 4000, seed=0)[:, 0]
    assert bootstrap_interval(values, resamples=4000) == pytest.approx(
        tuple(np.quantile(means, [0.025, 0.975])), abs=2e-3
    )
