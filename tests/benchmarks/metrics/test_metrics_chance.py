"""Chance levels and their spread."""

from itertools import combinations

import numpy as np
import pytest

from benchmarks.metrics.chance import chance, chance_standard_error
from benchmarks.metrics.judgement import judge
from benchmarks.metrics.means import micro
from benchmarks.metrics.registry import evaluate
from tests.benchmarks.metrics_definitions import ranking_of, strict_metrics


def all_rankings(n: int, positives: int) -> dict[str, np.ndarray]:
    """Every metric of every placing of the positives."""
    placings = combinations(range(n), positives)
    rows = [strict_metrics([i in places for i in range(n)], positives) for places in placings]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.mark.parametrize(("n", "positives"), [(1, 1), (5, 1), (6, 2), (7, 3), (8, 5), (9, 4), (4, 4)])
def test_mean_and_spread_are_those_over_all_rankings(n, positives):
    gallery_labels = np.array([1] * positives + [0] * (n - positives))
    judged = judge(ranking_of(np.zeros((1, n), np.float32)), gallery_labels, np.array([1]))
    level, error = chance(judged), chance_standard_error(judged)
    for name, values in all_rankings(n, positives).items():
        assert level[name] == pytest.approx(values.mean(), abs=1e-12), name
        assert error[name] == pytest.approx(values.std(), abs=1e-7), name


def test_random_rankings_lie_within_their_standard_error_and_the_error_is_no_larger_than_needed():
    generator = np.random.default_rng(7)
    gallery_labels, query_labels = generator.integers(0, 30, 500), generator.integers(0, 30, 60)
    means = []
    for _ in range(100):
        judged = judge(ranking_of(generator.random((60, 500), dtype=np.float32)), gallery_labels, query_labels)
        level, error = chance(judged), chance_standard_error(judged)
        means.append({name: micro(values) for name, values in evaluate(judged, list(level)).items()})
    for name in level:
        off = np.array([mean[name] - level[name] for mean in means]) / error[name]
        assert np.all(np.abs(off) < 6), name
        assert 0.75 < np.sqrt(np.mean(off**2)) < 1.3, name


def test_chance_does_not_depend_on_the_ranking():
    labels = np.array([0, 0, 1, 1, 2, 0])
    levels = [
        chance(judge(ranking_of(np.array([scores], np.float32)), labels, np.array([0])))
        for scores in ([6, 5, 4, 3, 2, 1], [0, 0, 0, 0, 0, 0], [1, 2, 2, 2, 5, 6])
    ]
    assert levels[0] == levels[1] == levels[2]
    assert levels[0]["hit@1"] == 0.5


def test_nothing_to_find_has_no_chance_level():
    judged = judge(ranking_of(np.zeros((2, 3), np.float32)), np.array([0, 1, 2]), np.array([7, 8]))
    assert all(np.isnan(level) for level in chance(judged).values())
    assert all(np.isnan(error) for error in chance_standard_error(judged).values())
