"""The gate sees small drops, stays quiet otherwise, and says what it could have seen."""

import numpy as np
import pytest
from gate_cells import judged, losing, record
from studies.gate_power import trial

from benchmarks.core.cells import Cell
from benchmarks.gate.finding import Verdict
from benchmarks.gate.forms import to_json
from benchmarks.gate.power import smallest_loss
from benchmarks.gate.rules import Rules
from benchmarks.gate.sections import sections
from benchmarks.metrics.statistics import one_sided_difference, paired_difference


def test_three_points_lost_at_300_queries_are_seen_and_noisy_reruns_pass():
    found = trial(0.002, runs=6, methods={"pixels": 1.2, "network": 2.6})
    assert found.flips > 0.05
    assert found.caught["3 points of hit@1 in one cell"] == 1
    assert found.alarms == 0


@pytest.mark.parametrize("queries", [48, 300, 1000])
@pytest.mark.parametrize("figures", [1, 20])
def test_what_is_said_to_be_visible_is_seen_and_a_little_less_is_not(queries, figures):
    """`figures` cells of one data set each, so that nothing is pooled; hit@1 and mAP of each change."""
    share = smallest_loss(queries, 2 * figures, Rules())
    for lost, verdict in ((round(share * queries), Verdict.WORSE), (round(share * queries) - 1, Verdict.SAME)):
        base = [record(f"m{number}", np.ones(queries)) for number in range(figures)]
        new = [record(f"m{number}", losing(lost, of=queries)) for number in range(figures)]
        found = [f for f in judged(base, new).findings if f.measure == "hit@1"]
        assert {f.verdict for f in found} == {verdict}


def test_more_queries_and_fewer_figures_show_smaller_losses():
    shares = [smallest_loss(queries, 1, Rules()) for queries in (48, 170, 300, 1000, 10_000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] > Rules().tolerance
    assert smallest_loss(300, 1, Rules()) < smallest_loss(300, 100, Rules())
    assert smallest_loss(2, 100, Rules()) == 1.0
    assert smallest_loss(0, 1, Rules()) is None


def test_every_comparison_says_what_it_could_have_seen():
    cells = [Cell(dataset, "standard", "retrieval", "hog") for dataset in ("lfw", "cifar10")]
    report = judged([record(cell=cell) for cell in cells], [record(cell=cell) for cell in cells])
    (section,) = [section for section in sections(report) if section.title.startswith("Smallest loss")]
    tables = [row[0] for row in section.rows]
    assert tables == ["cifar10:standard, retrieval", "lfw:standard, retrieval", "a method's tables together"]
    assert [row[1] for row in section.rows] == ["200", "200", "400"]
    assert section.rows[0][2] == "2.0% (4)" and section.rows[2][2] == "1.0% (4)"
    assert [entry["queries"] for entry in to_json(report)["detectable"]] == [200, 200, 400]


def test_a_methods_tables_together_are_not_diluted_by_the_number_of_cells():
    """Three of 100 lost in each of three tables, among many cells that change a little."""
    cells = [Cell(dataset, "smoke", "retrieval", "hog") for dataset in ("lfw", "cifar10", "imdb-wiki")]
    others = [Cell("lfw", "standard", "retrieval", f"m{number}") for number in range(60)]
    base = [record(cell=cell, hits=np.ones(100)) for cell in [*cells, *others]]
    new = [record(cell=cell, hits=losing(3, of=100)) for cell in cells]
    new += [record(cell=cell, hits=losing(1, of=100)) for cell in others]
    report = judged(base, new)
    worse = {(f.subject, f.measure) for f in report.having(Verdict.WORSE)}
    assert ("hog, all its queries together", "hit@1") in worse
    assert all(subject.startswith("hog, all") for subject, _ in worse)


def test_equal_changes_drawn_together_are_what_each_query_drawn_alone_is():
    rng = np.random.default_rng(0)
    base = rng.random(120)
    new = np.where(rng.random(120) < 0.2, base - rng.choice([0.5, 0.25, -0.3], 120), base)
    alone, together = paired_difference(new, base, resamples=20_000), one_sided_difference(new - base, 20_000, seed=1)
    assert together.mean == pytest.approx(alone.mean)
    assert together.interval == pytest.approx(alone.interval, abs=0.004)
    assert together.p == pytest.approx(alone.p / 2, abs=0.01)
    back = one_sided_difference(base - new, 20_000, seed=1)
    assert (back.mean, back.p) == (pytest.approx(-together.mean), together.p)
    assert back.interval == pytest.approx((-together.interval.high, -together.interval.low))
    assert one_sided_difference(np.array([np.nan, 1.0, 1.0]), 100, seed=0).mean == 1.0


def test_memory_that_is_not_judged_is_reported():
    mib = 2**20
    few = judged([record(memory=20 * mib)], [record(memory=45 * mib)])
    other = judged([record()], [record(memory=2**40, threads=4)])
    within = judged([record()], [record(memory=110 * mib)])
    for report, note in ((few, "32 MiB or less"), (other, "2 against 4 threads")):
        assert report.exit_code == 0
        (finding,) = [f for f in report.findings if f.measure == "peak memory"]
        assert note in finding.note and finding.verdict is Verdict.SAME
        (section,) = [section for section in sections(report) if section.title == "Memory that is not judged"]
        assert note in section.rows[0][4]
    assert not [section for section in sections(within) if "Memory" in section.title]


def test_the_memory_that_is_let_pass_is_said_as_given():
    size = 11 * 2**18  # 2.75 MiB
    assert str(Rules(memory_bytes=size)).endswith("by more than 25% and 3 MiB")
    report = judged([record(memory=4)], [record(memory=8)], memory_bytes=size)
    (finding,) = [finding for finding in report.findings if finding.measure == "peak memory"]
    assert finding.note == "not judged: by 3 MiB or less"
