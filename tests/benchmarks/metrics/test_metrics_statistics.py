"""Bootstrap intervals, paired differences, ties with the best."""

import numpy as np
import pytest

from benchmarks.metrics import means
from benchmarks.metrics.means import resampled_means
from benchmarks.metrics.statistics import (
    bootstrap_interval,
    bootstrap_intervals,
    paired_difference,
    paired_differences,
    tied_with_best,
)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    generator = np.random.default_rng(0)
    samples = (generator.random((400, 150)) < 0.3).astype(float)
    covered = sum(low <= 0.3 <= high for low, high in (bootstrap_interval(sample, resamples=300) for sample in samples))
    assert 0.90 <= covered / 400 <= 0.98


def test_the_interval_of_a_large_sample_is_the_normal_one():
    values = np.random.default_rng(1).random(5000)
    low, high = bootstrap_interval(values)
    half = 1.96 * values.std() / np.sqrt(5000)
    assert low == pytest.approx(values.mean() - half, abs=half * 0.1)
    assert high == pytest.approx(values.mean() + half, abs=half * 0.1)


def test_more_confidence_is_a_wider_interval_and_a_seed_repeats_it():
    values = np.random.default_rng(2).random(100)
    narrow, wide = bootstrap_interval(values, confidence=0.8), bootstrap_interval(values, confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert bootstrap_interval(values) == bootstrap_interval(values)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values)


def test_constant_values_have_a_point_for_an_interval_and_no_values_have_none():
    assert bootstrap_interval(np.full(30, 0.25)) == (0.25, 0.25)
    assert np.isnan(bootstrap_interval(np.array([np.nan, np.nan]))).all()
    assert bootstrap_intervals({}) == {}


def test_intervals_together_are_those_alone_and_ignore_queries_left_out():
    generator = np.random.default_rng(3)
    values = {name: generator.random(80) for name in "ab"}
    with_gaps = {name: np.insert(column, 10, np.nan) for name, column in values.items()}
    together = bootstrap_intervals(with_gaps)
    for name in values:
        assert together[name] == pytest.approx(bootstrap_interval(values[name]))


def test_resamples_do_not_depend_on_how_much_is_drawn_at_once(monkeypatch):
    columns = np.random.default_rng(4).random((50, 3))
    whole = resampled_means(columns, 40, seed=0)
    monkeypatch.setattr("benchmarks.metrics.means._CELLS", 60)
    np.testing.assert_allclose(resampled_means(columns, 40, seed=0), whole)


def test_pairing_sees_a_small_difference_that_noise_between_queries_would_hide():
    generator = np.random.default_rng(5)
    hard = generator.random(300)
    difference = paired_difference(hard + 0.02 + generator.normal(0, 0.01, 300), hard)
    assert difference.mean == pytest.approx(0.02, abs=0.003)
    assert difference.interval.low > 0
    assert difference.p < 0.01
    assert paired_difference(hard + 1, hard).p > 0
    mirrored = paired_difference(hard, hard + 0.02)
    assert mirrored.interval.high < 0


def test_equal_methods_do_not_differ():
    values = np.random.default_rng(6).random(100)
    assert paired_difference(values, values) == (0, (0, 0), 1)


def test_false_alarms_are_as_rare_as_the_p_value_says():
    generator = np.random.default_rng(7)
    p = [paired_difference(*generator.random((2, 60)), resamples=200).p for _ in range(300)]
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.10


def test_tied_with_best_marks_the_best_and_what_cannot_be_told_from_it():
    generator = np.random.default_rng(8)
    best = generator.random(500)
    methods = {
        "best": best,
        "twin": best.copy(),
        "near": best - 0.001 + generator.normal(0, 0.1, 500),
        "worse": best - 0.1 + generator.normal(0, 0.1, 500),
    }
    for values in methods.values():
        values[3] = np.nan
    assert tied_with_best(methods) >= {"best", "twin"}
    assert "worse" not in tied_with_best(methods)
    assert tied_with_best({"alone": best}) == {"alone"}
    assert tied_with_best({}) == set()
    assert tied_with_best({"a": np.array([np.nan])}) == set()


def test_methods_judged_on_different_queries_are_not_compared():
    with pytest.raises(ValueError, match="leave out different"):
        tied_with_best({"a": np.array([1.0, np.nan]), "b": np.array([1.0, 0.0])})
    with pytest.raises(ValueError, match="different numbers"):
        paired_difference(np.ones(3), np.ones(4))


@pytest.mark.parametrize("q", [1, 3, 500, 501])
def test_resamples_drawn_once_for_all_are_those_drawn_for_each(q):
    # Up to _CELLS all resamples are kept between calls; beyond, they are drawn in parts each time.
    values = np.random.default_rng(q).random((q, 2))
    first, again = (means.resampled_means(values, 2000, 5) for _ in range(2))
    generator = np.random.default_rng(5)
    step = max(1, means._CELLS // q)
    sizes = [min(step, 2000 - start) for start in range(0, 2000, step)]
    drawn = np.concatenate([values[generator.integers(0, q, size=(size, q))].mean(axis=1) for size in sizes])
    assert np.array_equal(first, again) and np.allclose(first, drawn, atol=1e-12)
    assert not np.array_equal(first, means.resampled_means(values, 2000, 6)) or q == 1


def test_all_pairs_at_once_are_what_each_pair_is_alone():
    rng = np.random.default_rng(3)
    values = {name: np.append(rng.random(40), np.nan) for name in "abc"}
    found = paired_differences(values, seed=5)
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (one, other), (mean, interval) in found.items():
        alone = paired_difference(values[one], values[other], seed=5)
        assert mean == pytest.approx(alone.mean)
        assert tuple(interval) == pytest.approx(tuple(alone.interval))
    assert paired_differences({"a": np.array([np.nan]), "b": np.array([np.nan])}) == {}


def test_counts_that_are_kept_give_the_means_of_counts_drawn_anew(monkeypatch):
    columns = np.random.default_rng(1).random((700, 3))
    monkeypatch.setattr(means, "_CELLS", 7_000)
    kept = means.resampled_means(columns, 95, 5)
    again = means.resampled_means(columns, 95, 5)
    monkeypatch.setattr(means, "_KEPT", 0)
    assert np.array_equal(kept, means.resampled_means(columns, 95, 5)) and np.array_equal(kept, again)
    assert all(part.dtype == np.uint8 for part in means._kept_counts(700, 95, 5, 10))
