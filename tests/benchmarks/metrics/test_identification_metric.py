"""Open-set identification: thresholds, rates and what they realise, against definitions written out."""

import numpy as np
import pytest

from benchmarks.metrics.identification import (
    RATES,
    at_rate,
    clustered_share_interval,
    detection_error_trade_off,
    fewest_searches,
    learned_threshold,
    nominal_interval,
)


@pytest.mark.parametrize("rate", RATES)
def test_a_threshold_needs_enough_searches_and_has_them_at_the_least_number(rate):
    least = fewest_searches(rate)
    scores = np.arange(least, dtype=float)
    assert learned_threshold(scores, rate) == scores.max()
    assert np.isnan(learned_threshold(scores[1:], rate))


def test_of_those_learned_from_no_more_than_the_rate_pass():
    scores = np.random.default_rng(0).normal(size=1000)
    for rate in RATES:
        assert np.mean(scores > learned_threshold(scores, rate)) <= rate


@pytest.mark.parametrize(("rate", "learned", "judged"), [(0.01, 150, 150), (0.01, 2000, 500), (0.1, 60, 300)])
def test_what_a_threshold_realises_on_others_lies_in_its_interval(rate, learned, judged):
    rng = np.random.default_rng(1)
    low, high = nominal_interval(learned, judged, rate)
    realised = []
    for _ in range(600):
        scores = rng.gumbel(size=learned + judged)
        realised.append(np.mean(scores[learned:] > learned_threshold(scores[:learned], rate)))
    inside = np.mean([low <= each <= high for each in realised])
    assert inside >= 0.93
    assert np.mean(realised) <= rate + 3 * np.std(realised) / np.sqrt(len(realised))


def test_a_threshold_learned_on_scores_of_another_kind_is_noticed():
    rng = np.random.default_rng(2)
    low, high = nominal_interval(500, 500, 0.01)
    shifted = [np.mean(rng.normal(0.5, 1, 500) > learned_threshold(rng.normal(0, 1, 500), 0.01)) for _ in range(100)]
    assert np.mean([low <= each <= high for each in shifted]) < 0.6


def test_misses_are_wrong_persons_and_scores_that_do_not_pass():
    right, best = np.array([1.0, 1.0, 0.0, 0.5]), np.array([3.0, 0.5, 3.0, 3.0])
    learned, judged = np.array([0.0, 1.0]), np.array([0.5, 2.0, 0.0, 0.0])
    found = at_rate(right, best, np.arange(4), learned, judged, 0.4)
    assert found.threshold == 1.0
    assert found.fnir == pytest.approx(1 - (1 + 0 + 0 + 0.5) / 4)
    assert found.fpir == 0.25
    assert np.isnan(at_rate(right, best, np.arange(4), learned, judged, 0.1).fnir)


def test_ties_and_searches_without_an_answer_never_pass_by_chance():
    learned = np.array([1.0, 1.0, 1.0, -np.inf])
    assert learned_threshold(learned, 0.4) == 1.0
    assert at_rate(np.ones(2), np.array([1.0, -np.inf]), np.arange(2), learned, np.ones(3), 0.4).fnir == 1.0


def test_searches_for_one_person_count_less_than_for_as_many():
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(60), 5)
    inside, wide, plain = [], [], []
    for _ in range(200):
        values = (rng.random(60) < 0.3).astype(float)[person]
        low, high = clustered_share_interval(values, person)
        inside.append(low <= 0.3 <= high)
        wide.append(high - low)
        low, high = clustered_share_interval(values, np.arange(300))
        plain.append(high - low)
    assert np.mean(inside) >= 0.92
    assert np.mean(wide) > 2 * np.mean(plain)


def test_the_curve_is_what_each_threshold_gives():
    rng = np.random.default_rng(3)
    best, judged = np.round(rng.normal(1, 1, 80), 1), np.round(rng.normal(0, 1, 60), 1)
    right = (rng.random(80) < 0.8).astype(float)
    fpir, fnir = detection_error_trade_off(right, best, judged)
    for place, threshold in enumerate(np.unique(judged)[::-1]):
        assert fpir[place] == pytest.approx(np.mean(judged > threshold))
        assert fnir[place] == pytest.approx(1 - np.mean(np.where(best > threshold, right, 0)))
    assert (np.diff(fpir) >= 0).all()
    assert (np.diff(fnir) <= 0).all()
