"""LFW View 2 scoring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from benchmarks.metrics.verification import area_under_curve, best_threshold, true_accept_rate, verify
from datasets.errors import DataError


def pairs(n=600, gap=2.0, seed=0):
    generator = np.random.default_rng(seed)
    same = np.arange(n) % 2 == 0
    return generator.normal(0, 1, n) + gap * same, same, np.arange(n) * 10 // n


def test_scores_that_separate_the_pairs_are_judged_right():
    _, same, fold = pairs()
    result = verify(same.astype(np.float32), same, fold)
    assert (result.accuracy, result.standard_error, result.auc) == (1, 0, 1)
    assert (result.tar_at_far_1e2, result.tar_at_far_1e3) == (1, 1)
    assert result.thresholds.tolist() == [0.5] * 10
    assert len(result.fold_accuracies) == 10


def test_accuracy_and_its_error_follow_the_definition():
    scores, same, fold = pairs(gap=1.0)
    result = verify(scores, same, fold)
    expected = []
    for f in range(10):
        threshold = best_threshold(scores[fold != f], same[fold != f])
        expected.append(np.mean((scores[fold == f] > threshold) == same[fold == f]))
    assert result.accuracy == pytest.approx(np.mean(expected))
    assert result.standard_error == pytest.approx(
        np.sqrt(np.sum((expected - np.mean(expected)) ** 2) / 9) / np.sqrt(10)
    )
    assert 0.6 < result.accuracy < 0.8  # the best possible is 0.69


def test_the_threshold_is_picked_without_the_fold_it_judges():
    scores, same, fold = pairs(gap=3.0)
    flipped = np.where(fold == 4, ~same, same)
    result, honest = verify(scores, flipped, fold), verify(scores, same, fold)
    assert result.thresholds[4] == honest.thresholds[4]
    assert result.fold_accuracies[4] == pytest.approx(1 - honest.fold_accuracies[4])


def test_uninformative_scores_are_at_chance():
    _, same, fold = pairs()
    result = verify(np.zeros(600), same, fold)
    assert result.accuracy == 0.5
    assert result.auc == 0.5
    assert (result.tar_at_far_1e2, result.tar_at_far_1e3) == (0, 0)


def test_pairs_without_a_face_are_judged_different_at_every_threshold():
    same = np.array([True, True, False, False] * 2)
    scores = np.array([1.0, -np.inf, 0.0, -np.inf] * 2)
    result = verify(scores, same, np.repeat([0, 1], 4))
    assert result.undetected == 4
    assert result.accuracy == 0.75
    nothing = verify(np.full(8, -np.inf), same, np.repeat([0, 1], 4))
    assert nothing.accuracy == 0.5
    assert nothing.tar_at_far_1e2 == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 6), st.booleans()), min_size=1, max_size=40))
def test_the_threshold_is_the_best_there_is_and_parts_no_tie(drawn):
    scores, same = np.array([s for s, _ in drawn], dtype=float), np.array([b for _, b in drawn])
    scores[scores == -3] = -np.inf
    threshold = best_threshold(scores, same)
    assert threshold not in scores[np.isfinite(scores)]
    every = np.concatenate([np.arange(-2.5, 7, 1.0), [-np.inf, np.inf]])
    assert np.mean((scores > threshold) == same) == max(np.mean((scores > t) == same) for t in every)


def test_of_several_best_thresholds_the_middle_one_is_taken():
    assert best_threshold(np.array([0.0, 4.0]), np.array([False, True])) == 2
    # Cuts above the 1st, 3rd and 5th are right 4 times of 6 each; of two best cuts the lower is taken.
    assert best_threshold(np.arange(6.0), np.array([False, True] * 3)) == 2.5
    assert best_threshold(np.array([1.0, 2, 3, 4]), np.array([False, True, False, True])) == 1.5
    assert best_threshold(np.array([1.0, 2]), np.array([True, True])) == -np.inf
    assert best_threshold(np.array([1.0, 2]), np.array([False, False])) == np.inf


def test_neighbouring_floats_are_still_told_apart():
    low = np.nextafter(1.0, 2)  # the middle of this and the next rounds up
    high = np.nextafter(low, 2)
    threshold = best_threshold(np.array([low, high]), np.array([False, True]))
    assert low <= threshold < high


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60))
def test_area_under_curve_agrees_with_scikit_learn(drawn):
    scores, same = np.array([s for s, _ in drawn], dtype=float), np.array([b for _, b in drawn])
    if same.all() or not same.any():
        assert np.isnan(area_under_curve(scores, same))
        return
    assert area_under_curve(scores, same) == pytest.approx(roc_auc_score(same, scores))
    undetected = np.where(scores == 0, -np.inf, scores)
    assert area_under_curve(undetected, same) == area_under_curve(scores, same)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60),
    st.sampled_from([0.001, 0.1, 0.25, 1]),
)
def test_true_accept_rate_is_the_best_operating_point_within_the_false_accept_rate(drawn, rate):
    scores, same = np.array([s for s, _ in drawn], dtype=float), np.array([b for _, b in drawn])
    scores[scores == 0] = -np.inf
    if same.all() or not same.any():
        assert np.isnan(true_accept_rate(scores, same, rate))
        return
    points = [scores > t for t in (-np.inf, *range(9))]
    allowed = [np.mean(accepted[same]) for accepted in points if np.mean(accepted[~same]) <= rate]
    assert true_accept_rate(scores, same, rate) == max(allowed)


def test_a_false_accept_rate_counts_whole_pairs():
    scores = np.concatenate([np.arange(3000) / 3000, np.full(10, 0.9989)])
    same = np.arange(3010) >= 3000
    assert true_accept_rate(scores, same, 1e-3) == 1  # 2997..2999 are above: 3 of 3,000
    assert true_accept_rate(scores, same, 0.9e-3) == 0


@pytest.mark.parametrize(
    ("scores", "same", "fold", "message"),
    [
        ([1.0, np.nan], [True, False], [0, 1], "1 pair scores are NaN"),
        ([1.0, 2.0], [True, False], [0, 0], "1 fold of pairs"),
        ([1.0, 2.0], [True], [0, 1], "one of each per pair"),
    ],
)
def test_pairs_that_cannot_be_judged_say_why(scores, same, fold, message):
    with pytest.raises(DataError, match=message):
        verify(np.array(scores), np.array(same), np.array(fold))
