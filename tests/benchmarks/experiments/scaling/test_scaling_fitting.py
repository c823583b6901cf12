"""Fits find the law that data were made by, say how sure they are, and add a floor only where there is one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.experiments.scaling.fitting import fit_growth

SIZES = np.array([1000, 2000, 5000, 10000, 20000, 50000])


def noisy(values, share, seed):
    return values * np.exp(np.random.default_rng(seed).normal(0, share, size=len(values)))


@settings(deadline=None, max_examples=60)
@given(
    exponent=st.floats(-0.5, 3),
    factor=st.floats(1e-9, 1e3),
    sizes=st.sets(st.integers(20, 10**6), min_size=2, max_size=9),
)
def test_an_exact_power_law_is_found_exactly(exponent, factor, sizes):
    sizes = np.array(sorted(sizes))
    fit = fit_growth(sizes, factor * sizes.astype(float) ** exponent)
    assert fit.model == "power"
    assert fit.exponent == pytest.approx(exponent, abs=1e-4)
    np.testing.assert_allclose(fit.at(sizes), factor * sizes.astype(float) ** exponent, rtol=1e-3)


@settings(deadline=None, max_examples=30)
@given(exponent=st.floats(0.6, 1.6), weight=st.floats(0.15, 3), unit=st.floats(1e-6, 1e6))
def test_a_floor_is_found_where_there_is_one(exponent, weight, unit):
    """`weight`: what grows, against the floor, in the middle of the sizes."""
    values = unit * (1 + weight * (SIZES / 7000.0) ** exponent)
    fit = fit_growth(SIZES, values)
    assert fit.model == "floor + power"
    assert fit.p < 0.05
    assert fit.exponent == pytest.approx(exponent, rel=0.02)
    assert fit.floor == pytest.approx(unit, rel=0.02)
    np.testing.assert_allclose(fit.at(SIZES), values, rtol=1e-3)


def test_the_interval_holds_the_true_exponent_about_as_often_as_it_says():
    fits = [fit_growth(SIZES, noisy(1e-6 * SIZES**0.8, 0.05, seed)) for seed in range(200)]
    held = np.mean([fit.plain_interval.low <= 0.8 <= fit.plain_interval.high for fit in fits])
    assert 0.90 <= held <= 0.99
    assert np.mean([fit.model == "floor + power" for fit in fits]) <= 0.10


def test_the_interval_with_a_floor_holds_the_true_exponent():
    values = 3e-5 + 2e-8 * SIZES**1.0
    fits = [fit_growth(SIZES, noisy(values, 0.03, seed)) for seed in range(100)]
    floored = [fit for fit in fits if fit.floor]
    assert len(floored) >= 90
    assert np.mean([fit.interval.low <= 1.0 <= fit.interval.high for fit in floored]) >= 0.88


def test_more_noise_makes_a_wider_interval():
    widths = [np.diff(fit_growth(SIZES, noisy(SIZES * 1.0, share, 1)).plain_interval)[0] for share in (0.01, 0.1)]
    assert widths[1] > 3 * widths[0]


def test_a_constant_has_exponent_0_and_no_floor():
    fit = fit_growth(SIZES, np.full(len(SIZES), 7.0))
    assert fit.model == "power"
    assert fit.exponent == pytest.approx(0, abs=1e-9)


def test_two_sizes_give_an_exponent_without_an_interval():
    fit = fit_growth([1000, 2000], [1.0, 2.0])
    assert fit.exponent == pytest.approx(1)
    assert np.isnan(fit.interval.low)
    assert np.isnan(fit.interval.high)


@pytest.mark.parametrize("values", [[1.0], [0.0, 1.0], [float("nan"), 2.0], [0.0, 0.0]])
def test_fewer_than_two_sizes_give_no_fit(values):
    assert fit_growth(SIZES[: len(values)], values) is None


def test_values_that_have_no_logarithm_are_left_out():
    fit = fit_growth([100, 1000, 2000, 4000], [0.0, 1.0, 2.0, 4.0])
    assert fit.sizes == 3
    assert fit.exponent == pytest.approx(1)
