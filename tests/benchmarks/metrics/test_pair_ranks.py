"""Copy detection figures against scikit-learn, against brute force over tie orders, and by resampling."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from benchmarks.metrics.pair_ranks import (
    first_hits,
    micro_average_precision,
    pair_precisions,
    pair_ranks,
    pair_ranks_of,
    recall_at_precision,
    resampled_weights,
)
from datasets.errors import DataError


def drawn(seed, queries=30, images=20, levels=None):
    """Scores, and the right image of two queries in three."""
    rng = np.random.default_rng(seed)
    right = np.where(np.arange(queries) % 3 < 2, rng.integers(0, images, queries), -1)
    scores = rng.normal(size=(queries, images))
    rows = np.flatnonzero(right >= 0)
    scores[rows, right[rows]] += rng.normal(1.5, 1.5, len(rows))
    return (scores if levels is None else np.round(scores * levels) / levels), right


def relevant(scores, right):
    return np.arange(scores.shape[1]) == right[:, None]


@pytest.mark.parametrize("seed", range(5))
def test_without_ties_it_is_scikit_learns_average_precision_over_all_pairs(seed):
    scores, right = drawn(seed)
    expected = average_precision_score(relevant(scores, right).ravel(), scores.ravel())
    ranks = pair_ranks(scores, right)
    assert micro_average_precision(ranks)[0] == pytest.approx(expected, abs=1e-12)
    assert np.nanmean(pair_precisions(ranks)) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(pair_precisions(ranks))[right < 0].all()


def test_ties_are_the_mean_over_every_order():
    scores, right = np.array([[2.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 3.0, 0.0]]), np.array([1, 0, -1])
    flat, truth = scores.ravel(), relevant(scores, right).ravel()
    tied = np.flatnonzero(flat == 1)
    found = []
    for order in itertools.permutations(range(len(tied))):
        parted = flat.copy()
        parted[tied] += np.array(order) * 1e-3
        found.append(average_precision_score(truth, parted))
    ranks = pair_ranks(scores, right)
    assert micro_average_precision(ranks)[0] == pytest.approx(np.mean(found), abs=1e-12)
    assert first_hits(ranks)[:2].tolist() == [0.0, 0.5]


@pytest.mark.parametrize("levels", [None, 2])
def test_weights_count_a_query_as_often_as_if_it_were_there_again(levels):
    scores, right = drawn(3, levels=levels)
    weights = np.random.default_rng(0).integers(0, 3, len(scores))
    again = pair_ranks(np.repeat(scores, weights, axis=0), np.repeat(right, weights))
    ranks, weights = pair_ranks(scores, right), weights[None].astype(float)
    assert micro_average_precision(ranks, weights)[0] == pytest.approx(micro_average_precision(again)[0], abs=1e-12)
    assert recall_at_precision(ranks, weights)[0] == pytest.approx(recall_at_precision(again)[0])


@pytest.mark.parametrize("levels", [None, 2, 1])
def test_recall_at_precision_is_the_best_over_all_thresholds(levels):
    scores, right = drawn(11, levels=levels)
    truth = relevant(scores, right)
    best = 0.0
    for threshold in np.unique(scores):
        accepted = scores >= threshold
        if truth[accepted].mean() >= 0.5:
            best = max(best, truth[accepted].sum() / truth.sum())
    assert recall_at_precision(pair_ranks(scores, right), precision=0.5)[0] == pytest.approx(best)


def test_what_is_not_returned_is_not_found_and_what_is_left_out_is_not_wrong():
    scores = np.array([[-np.inf, 1.0], [0.5, np.nan]])
    ranks = pair_ranks(scores, np.array([0, 0]))
    assert first_hits(ranks).tolist() == [0.0, 1.0]
    assert micro_average_precision(ranks)[0] == pytest.approx(0.25)  # second of two pairs, one of two right ones
    assert micro_average_precision(pair_ranks(np.full((2, 3), -np.inf), np.array([0, -1])))[0] == 0


def test_one_great_tie_is_at_chance():
    scores, right = np.ones((40, 50)), np.where(np.arange(40) < 20, 0, -1)
    total, rights = scores.size, 20
    places = np.arange(1, total + 1)
    chance = np.mean((1 + (places - 1) * (rights - 1) / (total - 1)) / places)
    ranks = pair_ranks(scores, right)
    assert micro_average_precision(ranks)[0] == pytest.approx(chance, rel=1e-9)
    assert np.nanmean(first_hits(ranks)) == pytest.approx(1 / 50)


def test_whole_clusters_are_drawn():
    weights = resampled_weights(np.array([0, 0, 1, 2, 2, 2]), resamples=200)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(6), abs=0.2)


def test_nothing_to_find_is_said():
    with pytest.raises(DataError, match="nothing to find"):
        pair_ranks(np.ones((2, 2)), np.array([-1, -1]))


def test_a_query_that_scores_nothing_with_its_own_image_is_behind_every_wrong_one():
    line = np.array([0.5, 0.2, np.nan, 0.9], dtype=np.float32)
    ranks = pair_ranks_of([line], np.array([np.nan], dtype=np.float32), np.array([1]))
    assert (ranks.above.tolist(), ranks.tied.tolist()) == ([[2]], [[0]])
