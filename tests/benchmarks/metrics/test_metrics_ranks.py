"""Ranks over data sets: the order, intervals that hold the true rank, groups that cannot be told apart."""

import numpy as np
import pytest
from studies.rank_coverage import WANTED, coverage, simulated

from benchmarks.metrics import ranks
from benchmarks.metrics.ranks import Answers, rank_methods


@pytest.mark.parametrize(
    ("shares", "each"),
    [(np.linspace(0.3, 0.6, 6), 1), (np.array([0.3, 0.45, 0.45, 0.45, 0.6, 0.6]), 5)],
    ids=["all differ", "some are equal, and classes differ"],
)
def test_intervals_hold_the_true_rank_of_methods_of_known_order(shares, each):
    least, _, width = coverage(shares, 0.4, 60, each, sizes=(200, 120), resamples=300)
    assert least >= WANTED
    assert width < len(shares) - 1


def test_each_data_set_counts_the_same_and_equal_means_share_a_rank():
    small = {"a": np.array([1.0, 0.0]), "b": np.array([0.0, 0.0]), "c": np.array([1.0, 0.0])}
    large = {"a": np.zeros(100), "b": np.r_[np.ones(40), np.zeros(60)], "c": np.zeros(100)}
    found = {each.method: each for each in rank_methods([Answers(small), Answers(large)])}
    assert [found[name].mean for name in "abc"] == pytest.approx([0.25, 0.2, 0.25])
    assert [found[name].rank for name in "abc"] == [1, 3, 1]


def test_the_mean_of_ranks_on_single_queries_gives_the_same_order():
    answers = simulated(np.linspace(0.2, 0.7, 12), (40, 20), 0.3, np.random.default_rng(3))
    hits = [np.stack(list(each.values.values())) for each in answers]
    ranks = [(((each > each[:, None]) + (each == each[:, None]) / 2).sum(axis=1) + 0.5).mean(axis=1) for each in hits]
    by_ranks = [f"m{place}" for place in np.argsort(np.mean(ranks, axis=0), kind="stable")]
    assert [each.method for each in rank_methods(answers)] == by_ranks


def test_methods_far_apart_have_one_rank_each_and_twins_share_all():
    answers = simulated(np.array([0.1, 0.5, 0.9]), (400, 400), 0.2, np.random.default_rng(0))
    assert [(each.method, each.low, each.rank, each.high, each.groups) for each in rank_methods(answers)] == [
        ("m2", 1, 1, 1, (1,)),
        ("m1", 2, 2, 2, (2,)),
        ("m0", 3, 3, 3, (3,)),
    ]
    twins = [Answers({"one": each.values["m1"], "other": each.values["m1"]}) for each in answers]
    assert [(each.low, each.rank, each.high, each.groups) for each in rank_methods(twins)] == [(1, 1, 2, (1,))] * 2


def test_groups_overlap_where_neighbours_are_alike_and_the_ends_are_not():
    answers = simulated(np.array([0.40, 0.47, 0.54]), (700,), 0.0, np.random.default_rng(1))
    best, middle, worst = rank_methods(answers)
    assert (best.groups, middle.groups, worst.groups) == ((1,), (1, 2), (2,))
    assert (best.high, worst.low) == (2, 2)


def test_queries_that_share_a_class_tell_less():
    answers = simulated(np.array([0.45, 0.55]), (400,), 0.0, np.random.default_rng(2))
    values = {name: np.repeat(each[:20], 20) for name, each in answers[0].values.items()}
    apart, together = (rank_methods([Answers(values, each)]) for each in (None, np.repeat(np.arange(20), 20)))
    assert [each.high - each.low for each in together] == [1, 1]
    assert together[0].interval.high - together[0].interval.low > apart[0].interval.high - apart[0].interval.low


@pytest.mark.parametrize("clusters", [None, np.arange(60) // 3], ids=["queries", "classes"])
def test_every_data_set_is_drawn_apart_from_the_others(clusters, monkeypatch):
    """The same draws for all would make what is rare in one rare in all: intervals of one data set, not of three."""
    samples = []
    intervals = ranks._Sample.intervals
    monkeypatch.setattr(ranks._Sample, "intervals", lambda self, level: samples.append(self) or intervals(self, level))
    hits = {"m0": np.arange(60) % 3 // 2 * 1.0, "m1": np.arange(60) // 30 * 1.0}
    for count in (1, 2):
        rank_methods([Answers(hits, clusters)] * count, resamples=2000, seed=1)
    one, two = samples[len(samples) // 2 - 1].drawn[:, 1].var(), samples[-1].drawn[:, 1].var()
    assert two == pytest.approx(one / 2, rel=0.15)


def test_few_queries_on_which_methods_differ_are_not_enough():
    found = rank_methods([Answers({"a": np.r_[np.ones(3), np.zeros(97)], "b": np.zeros(100)})])
    assert [(each.low, each.high) for each in found] == [(1, 2)] * 2


def test_no_query_or_no_method_is_no_ranking_and_different_methods_are_refused():
    assert rank_methods([]) == rank_methods([Answers({})]) == []
    assert rank_methods([Answers({"a": np.full(3, np.nan)})]) == []
    with pytest.raises(ValueError, match="all of them"):
        rank_methods([Answers({"a": np.ones(3)}), Answers({"b": np.ones(3)})])
