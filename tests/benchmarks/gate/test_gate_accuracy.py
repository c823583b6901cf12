"""When a drop counts: significant over queries, above the tolerance, corrected for how many figures changed."""

import itertools

import numpy as np
import pytest
from gate_cells import failed, judged, losing, record
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.core.cells import Cell
from benchmarks.gate.finding import Verdict
from benchmarks.gate.rules import holm

VALUES = arrays(np.float64, 60, elements=st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan")]))


def only(report, measure, verdict):
    return [finding for finding in report.having(verdict) if finding.measure == measure]


def test_losing_five_percent_of_the_hits_is_worse_and_names_the_queries():
    report = judged([record()], [record(hits=losing(10))])
    assert report.exit_code == 1
    (hit,) = only(report, "hit@1", Verdict.WORSE)
    assert (hit.base, hit.new, hit.queries) == (1.0, 0.95, 200)
    assert hit.high < 0 and hit.p < 0.01
    assert hit.flips.lost == tuple(f"test/{number}" for number in range(10))
    assert hit.flips.won == ()


def test_a_gain_is_better_and_passes():
    report = judged([record(hits=losing(10))], [record()])
    assert (report.verdict, report.exit_code) == (Verdict.BETTER, 0)
    assert len(only(report, "hit@1", Verdict.BETTER)[0].flips.won) == 10


def test_a_few_flips_are_no_evidence():
    report = judged([record()], [record(hits=losing(2))])
    assert report.exit_code == 0
    (hit,) = only(report, "hit@1", Verdict.SAME)
    assert hit.note == "not significant" and len(hit.flips.lost) == 2


def test_a_significant_drop_within_the_tolerance_passes():
    assert judged([record()], [record(hits=losing(20))], tolerance=0.2).exit_code == 0


def test_a_drop_must_be_clearer_where_more_figures_changed():
    alone = judged([record()], [record(hits=losing(6))])
    many = [f"method{number}" for number in range(40)]
    among = judged([record(name) for name in many], [record(name, losing(6)) for name in many])
    assert (alone.exit_code, among.exit_code) == (1, 0)


def test_figures_that_did_not_change_cost_no_power():
    idle = [record(f"method{number}") for number in range(300)]
    assert judged([*idle, record()], [*idle, record(hits=losing(6))]).exit_code == 1


def test_losses_too_few_in_each_cell_add_up_over_a_methods_cells():
    cells = [
        Cell(dataset, "smoke", task, "hog") for dataset in ("lfw", "cifar10") for task in ("retrieval", "robustness")
    ]
    base = [record(cell=cell, hits=losing(0, of=50)) for cell in cells]
    report = judged(base, [record(cell=cell, hits=losing(3, of=50)) for cell in cells])
    assert {finding.subject for finding in report.having(Verdict.WORSE)} == {"hog, all its queries together"}
    assert [finding.measure for finding in report.having(Verdict.WORSE)] == ["hit@1", "mAP"]
    assert report.having(Verdict.WORSE)[0].queries == 200


def test_unseen_classes_queries_are_not_counted_twice():
    cells = [Cell("lfw", "smoke", task, "hog") for task in ("retrieval", "unseen-classes")]
    report = judged([record(cell=cell) for cell in cells], [record(cell=cell) for cell in cells])
    assert not [finding for finding in report.findings if "together" in finding.subject]


def test_unanswerable_queries_are_left_out():
    hits = losing(0)
    hits[:150] = np.nan
    finding = next(f for f in judged([record(hits=hits)], [record(hits=hits)]).findings if f.measure == "hit@1")
    assert finding.queries == 50 and finding.base == 1


def test_a_cell_without_any_answerable_query_is_the_same():
    hits = np.full(20, np.nan)
    assert judged([record(hits=hits)], [record(hits=hits)]).exit_code == 0


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_equal_values_are_the_same_whatever_they_are(values):
    report = judged([record(hits=values)], [record(hits=values.copy())])
    assert report.verdict is Verdict.SAME
    assert all(finding.p is None for finding in report.findings)


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES)
def test_what_is_worse_one_way_is_better_the_other(base, new):
    new = np.where(np.isnan(base), np.nan, np.nan_to_num(new))
    there = judged([record(hits=base)], [record(hits=new)])
    back = judged([record(hits=new)], [record(hits=base)])
    assert {f.measure for f in there.having(Verdict.WORSE)} == {f.measure for f in back.having(Verdict.BETTER)}
    assert {f.measure for f in there.having(Verdict.BETTER)} == {f.measure for f in back.having(Verdict.WORSE)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p):
    adjusted = holm(p)
    assert all(after >= before for before, after in zip(p, adjusted, strict=True))
    assert all(after <= 1 for after in adjusted)
    for one, other in itertools.combinations(range(len(p)), 2):
        assert (p[one] < p[other]) <= (adjusted[one] <= adjusted[other])


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize(
    ("base", "new", "verdict"),
    [
        (record(), failed(), Verdict.WORSE),
        (record(), failed(status="error"), Verdict.WORSE),
        (record(), failed(status="unavailable"), Verdict.INCOMPARABLE),
        (record(), failed(status="untrained"), Verdict.INCOMPARABLE),
        (failed(), record(), Verdict.BETTER),
        (failed(), failed(), Verdict.SAME),
        (record(), record(protocol=2), Verdict.INCOMPARABLE),
        (record(), record(manifest="bbbb"), Verdict.INCOMPARABLE),
        (record(), record(seed=8), Verdict.INCOMPARABLE),
        (record(), record(title="cifar10 (synthetic)"), Verdict.INCOMPARABLE),
        (record(), record(hits=np.ones(199)), Verdict.INCOMPARABLE),
        (record(), record(hits=np.where(np.arange(200) < 5, np.nan, 1.0)), Verdict.INCOMPARABLE),
        (record(), record(values={"hit@1": np.ones(200)}), Verdict.INCOMPARABLE),
    ],
)
def test_identity_and_results_come_first(base, new, verdict):
    report = judged([base], [new])
    assert report.verdict is verdict
    assert len(report.findings) == 1 and report.findings[0].note


def test_a_cell_that_was_not_run_cannot_be_vouched_for_even_when_another_is_worse():
    report = judged([record(), record("phash")], [record(hits=losing(50))])
    assert report.exit_code == 2
    assert report.having(Verdict.INCOMPARABLE)[0].subject.startswith("phash")
    assert report.having(Verdict.WORSE)


def test_a_new_cell_is_listed_and_passes():
    report = judged([record()], [record(), record("phash")])
    assert report.exit_code == 0
    assert [finding.subject for finding in report.having(Verdict.NEW)] == ["phash on cifar10:standard, retrieval"]


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        (100 * 2**20, Verdict.SAME),
        (126 * 2**20, Verdict.SAME),
        (150 * 2**20, Verdict.WORSE),
        (60 * 2**20, Verdict.BETTER),
    ],
)
def test_memory_counts_by_ratio_and_by_size(new, verdict):
    findings = judged([record()], [record(memory=new)]).findings
    assert next(f.verdict for f in findings if f.measure == "peak memory") is verdict


def test_memory_of_other_tasks_is_not_compared():
    other = Cell("cifar10", "standard", "robustness", "hog")
    report = judged([record(cell=other, memory=None)], [record(cell=other, memory=None)])
    assert not [f for f in report.findings if f.measure == "peak memory"]


def test_tasks_with_metrics_of_their_own_are_pooled_metric_by_metric():
    copies, retrieval, robustness = (
        Cell("lfw", "smoke", task, "hog") for task in ("copies", "retrieval", "robustness")
    )
    other = {"values": {"µAP": losing(0), "hit@1": losing(0)}}
    sides = [
        [record(cell=copies, **other), record(cell=retrieval, hits=hits), record(cell=robustness, hits=hits)]
        for hits in (losing(0), losing(60))
    ]
    found = {f.measure: f.queries for f in judged(*sides).findings if "together" in f.subject}
    assert found == {"hit@1": 600, "mAP": 400}  # µAP is one cell's alone
