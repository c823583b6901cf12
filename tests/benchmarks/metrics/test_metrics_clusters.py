"""Queries that share a class or an original are no independent sample: intervals and ties say so."""

import numpy as np
import pytest
from studies.interval_coverage import of_clustered_share, of_difference

from benchmarks.metrics.intervals import (
    Interval,
    cluster_codes,
    clustered_share_interval,
    differ,
    effective_size,
    mean_share_interval,
    share_interval,
    wider_confidence,
)
from benchmarks.metrics.statistics import (
    bootstrap_intervals,
    clustered_intervals,
    paired_differences,
    tied_with_best,
)

CODES = np.repeat(np.arange(30), 10)


@pytest.mark.parametrize("share", [0.1, 0.9, 0.98])
@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_a_share_of_edits_of_30_originals_is_covered(share, alike):
    assert of_clustered_share(30, 10, share, alike, runs=400) >= 0.93 - 2 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.parametrize(("n", "share"), [(48, 0.3), (48, 0.9), (300, 0.98)])
def test_two_equally_good_methods_are_rarely_told_apart(n, share):
    assert of_difference(n, share, runs=300) >= 0.93 - 2 * (0.05 * 0.95 / 300) ** 0.5


def test_queries_that_all_succeed_or_fail_with_their_original_count_once_each():
    originals = np.random.default_rng(0).random(30) < 0.5
    values = originals[CODES].astype(float)
    assert effective_size(values, CODES) == pytest.approx(30, rel=0.05)
    low, high = clustered_share_interval(values, CODES)
    alone = share_interval(values.mean(), 300)
    assert high - low > 2.5 * (alone.high - alone.low)


def test_independent_queries_count_nearly_all():
    values = (np.random.default_rng(1).random(300) < 0.5).astype(float)
    assert 150 < effective_size(values, CODES) <= 300


def test_edits_that_are_all_found_tell_no_more_than_their_originals():
    assert effective_size(np.ones(300), CODES) == 30
    assert clustered_share_interval(np.ones(300), CODES).low == pytest.approx(
        share_interval(1.0, 30, wider_confidence(30, 0.95)).low
    )


def test_few_clusters_with_a_failure_do_not_show_how_alike_their_queries_are():
    for failing, size in ((3, 30.0), (4, 300.0)):
        values = np.ones(300)
        values[: 10 * failing : 10] = 0
        assert effective_size(values, CODES) == size


@pytest.mark.parametrize("clusters", [np.arange(20), np.zeros(20)])
def test_lone_queries_and_a_single_cluster_have_no_interval_of_their_own(clusters):
    assert cluster_codes(clusters) is None
    assert clustered_intervals({"hit@1": np.ones(20)}, clusters, shares={"hit@1"}) == {}


def test_means_of_clusters_of_one_query_have_the_interval_of_queries_widened_by_t():
    values = {"mAP": np.random.default_rng(2).random(200)}
    pairs = np.repeat(np.arange(100), 2)
    independent, clustered = bootstrap_intervals(values)["mAP"], clustered_intervals(values, pairs)["mAP"]
    assert clustered == pytest.approx(independent, abs=0.015)
    same = {"mAP": np.repeat(values["mAP"][:100], 2)}
    independent, clustered = bootstrap_intervals(same)["mAP"], clustered_intervals(same, pairs)["mAP"]
    assert (clustered.high - clustered.low) / (independent.high - independent.low) == pytest.approx(2**0.5, rel=0.1)


def test_queries_left_out_leave_their_cluster():
    values, codes = np.random.default_rng(3).random(60), np.repeat(np.arange(12), 5)
    gaps = np.insert(values, [0, 30], np.nan)
    clusters = np.insert(codes, [0, 30], [99, 3])
    assert clustered_intervals({"a": gaps}, clusters) == clustered_intervals({"a": values}, codes)


def test_a_lead_that_few_classes_carry_is_a_tie():
    """Better by 0.3 on 3 of 10 classes: over queries significant, over classes not."""
    rng = np.random.default_rng(4)
    classes = np.repeat(np.arange(10), 30)
    base = (rng.random(300) < 0.4).astype(float)
    better = np.where((classes < 3) & (rng.random(300) < 0.5), 1.0, base)
    methods = {"better": better, "base": base}
    assert tied_with_best(methods) == {"better"}
    assert tied_with_best(methods, clusters=classes) == {"better", "base"}
    (_, alone), (_, spanning) = (
        paired_differences(methods, clusters=each)["better", "base"] for each in (None, classes)
    )
    assert alone.low > 0 >= spanning.low and spanning.high >= alone.high


def test_a_lead_in_every_class_is_none():
    classes = np.repeat(np.arange(10), 30)
    base = np.tile([0.0, 1.0], 150)
    better = base.copy()
    better[::6] = 1.0
    assert tied_with_best({"better": better, "base": base}, clusters=classes) == {"better"}


def test_both_intervals_are_shown_where_their_widths_differ_by_more_than_a_quarter():
    assert differ(Interval(0.4, 0.5), Interval(0.4, 0.53)) and differ(Interval(0.4, 0.53), Interval(0.4, 0.5))
    assert not differ(Interval(0.4, 0.5), Interval(0.4, 0.52))
    assert differ(mean_share_interval(np.ones(300)), clustered_share_interval(np.ones(300), CODES))


def test_small_samples_are_widened_as_student_says():
    from scipy.stats import norm, t

    assert norm.ppf((1 + wider_confidence(10, 0.95)) / 2) == pytest.approx(t.ppf(0.975, 9) * (10 / 9) ** 0.5)
    assert wider_confidence(1, 0.95) == wider_confidence(2, 0.95) == pytest.approx(1, abs=1e-8)
    assert 0.95 < wider_confidence(1000, 0.95) < 0.951


@pytest.mark.parametrize("each", [[1, 1, 1, 0], [0, 0, 0, 1], [1, 1, 1, 1], [0.2, 0.9, 0.4, 0.1]])
def test_two_clusters_have_a_wide_interval_that_holds_the_mean(each):
    values, codes = {"a": np.array(each, dtype=float)}, np.array([0, 0, 0, 1])
    for shares in ({"a"}, set()):
        low, high = clustered_intervals(values, codes, shares=shares)["a"]
        assert 0 <= low <= np.mean(each) <= high <= 1
        assert high - low > 0.3 or (min(each) == max(each) and not shares)
