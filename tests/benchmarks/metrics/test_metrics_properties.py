"""What must hold for any ranking."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metrics.chance import chance
from benchmarks.metrics.judgement import CUTOFFS, judge
from benchmarks.metrics.means import macro, micro
from benchmarks.metrics.registry import METRICS, evaluate
from tests.benchmarks.metrics_definitions import ranking_of


@st.composite
def cases(draw):
    """(scores (q, n), gallery labels, query labels), with few or many ties."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, q = draw(st.integers(1, 40)), draw(st.integers(1, 6))
    classes, levels = draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 5, 1000]))
    scores = generator.integers(0, levels, (q, n)).astype(np.float32)
    return scores, generator.integers(0, classes, n), generator.integers(0, classes, q)


def evaluated(scores, gallery_labels, query_labels, seed=None):
    return evaluate(judge(ranking_of(scores, order_seed=seed), gallery_labels, query_labels))


@settings(deadline=None)
@given(cases(), st.integers(0, 1000))
def test_the_order_within_ties_decides_nothing(case, seed):
    before, after = evaluated(*case), evaluated(*case, seed=seed)
    for name in METRICS:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


@settings(deadline=None)
@given(cases(), st.integers(0, 1000))
def test_the_order_of_the_gallery_decides_nothing(case, seed):
    scores, gallery_labels, query_labels = case
    order = np.random.default_rng(seed).permutation(len(gallery_labels))
    before, after = evaluated(*case), evaluated(scores[:, order], gallery_labels[order], query_labels)
    for name in METRICS:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


@settings(deadline=None)
@given(cases())
def test_only_the_order_of_scores_matters(case):
    scores, gallery_labels, query_labels = case
    before, after = evaluated(*case), evaluated(np.sqrt(scores) * 3 - 7, gallery_labels, query_labels)
    for name in METRICS:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


@settings(deadline=None)
@given(cases())
def test_values_lie_between_0_and_1(case):
    for name, values in evaluated(*case).items():
        kept = values[~np.isnan(values)]
        assert np.all((kept >= 0) & (kept <= 1 + 1e-12)), name


@settings(deadline=None)
@given(cases())
def test_hits_and_recall_grow_with_k(case):
    values = evaluated(*case)
    for metric in ("hit", "recall"):
        grown = np.diff([values[f"{metric}@{k}"] for k in CUTOFFS], axis=0)
        assert np.all((grown >= -1e-12) | np.isnan(grown)), metric


@settings(deadline=None)
@given(cases())
def test_a_perfect_ranking_scores_1_and_a_constant_one_exactly_chance(case):
    _, gallery_labels, query_labels = case
    perfect = (gallery_labels[None, :] == query_labels[:, None]).astype(np.float32)
    values = evaluated(perfect, gallery_labels, query_labels)
    for name in ("hit@1", "P@1", "mAP", "MAP@R", "R-precision", "MRR", "nDCG@1", "nDCG@25", "kNN-vote@1"):
        kept = values[name][~np.isnan(values[name])]
        np.testing.assert_allclose(kept, 1, rtol=0, atol=1e-12, err_msg=name)
    judged = judge(ranking_of(np.zeros_like(perfect)), gallery_labels, query_labels)
    for name, level in chance(judged).items():
        np.testing.assert_equal(micro(evaluate(judged, [name])[name]), level, err_msg=name)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=1))
def test_macro_is_the_mean_of_class_means(pairs):
    values, labels = (np.array(column) for column in zip(*pairs, strict=True))
    means = [np.mean(values[labels == label]) for label in sorted(set(labels.tolist()))]
    assert np.isclose(macro(values, labels), np.mean(means))
    assert np.isclose(micro(values), np.mean(values))


def test_averages_leave_out_what_is_nan():
    values, labels = np.array([1.0, 0.0, 0.0, np.nan, np.nan]), np.array(["a", "b", "b", "b", "c"])
    assert micro(values) == 1 / 3
    assert macro(values, labels) == 0.5
    assert np.isnan(micro(values[3:]))
    assert np.isnan(macro(values[3:], labels[3:]))
