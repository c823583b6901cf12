"""What is judged: self-matches, junk, undetected queries, queries without a positive, bad rankings."""

import numpy as np
import pytest

from benchmarks.metrics import judgement as judgement_module
from benchmarks.metrics.judgement import CUTOFFS, judge
from benchmarks.metrics.registry import METRICS, evaluate, parse_metric
from datasets.errors import BenchmarkError, UnknownNameError
from methods.ranking import Ranking
from tests.benchmarks.metrics_definitions import ranking_of

LABELS = np.array(["a", "a", "b", "b", "c"])
IDS = np.array(["a1", "a2", "b1", "b2", "c1"])


def scores_of(*rows) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_the_cut_offs_are_those_that_tables_print_and_guides_explain():
    hits = [name for name in METRICS if name.startswith("hit@")]
    assert hits == ["hit@1", "hit@5", "hit@10", "hit@20", "hit@25"]


def test_the_query_itself_is_removed_by_id_wherever_it_ranks():
    ranking = ranking_of(scores_of([5, 2, 4, 3, 1], [1, 5, 4, 3, 2]))
    judged = judge(ranking, LABELS, np.array(["a", "a"]), IDS, np.array(["a1", "a1"]))
    assert judged.positives.tolist() == [1, 1]
    assert judged.candidates.tolist() == [4, 4]
    values = evaluate(judged)
    assert values["MRR"].tolist() == [1 / 3, 1]
    assert values["hit@1"].tolist() == [0, 1]
    assert values["kNN-vote@1"].tolist() == [0, 1]


def test_a_query_at_distance_zero_to_another_image_is_no_self_match():
    ranking = ranking_of(scores_of([5, 5, 4, 3, 1]))
    judged = judge(ranking, LABELS, np.array(["a"]), IDS, np.array(["a1"]))
    assert evaluate(judged)["hit@1"].tolist() == [1]
    assert evaluate(judged)["tie_rate@1"].tolist() == [0]


def test_an_id_the_gallery_does_not_hold_removes_nothing():
    judged = judge(ranking_of(scores_of([5, 2, 4, 3, 1])), LABELS, np.array(["a"]), IDS, np.array(["a0"]))
    assert judged.positives.tolist() == [2]
    assert judged.candidates.tolist() == [5]


def test_a_gallery_that_holds_the_query_twice_loses_both():
    judged = judge(ranking_of(scores_of([5, 2, 4])), LABELS[:3], np.array(["a"]), IDS[[0, 0, 2]], np.array(["a1"]))
    assert judged.positives.tolist() == [0]
    assert judged.candidates.tolist() == [1]


def test_junk_is_removed_as_if_it_had_never_been_in_the_gallery():
    generator = np.random.default_rng(0)
    n, q = 60, 20
    labels, truth = generator.integers(0, 5, n), generator.integers(0, 5, q)
    scores = generator.integers(0, 12, (q, n)).astype(np.float32)
    junk = generator.random((q, n)) < 0.2
    together = evaluate(judge(ranking_of(scores), labels, truth, junk=np.argwhere(junk)))
    for i in range(q):
        kept = ~junk[i]
        alone = evaluate(judge(ranking_of(scores[i : i + 1, kept]), labels[kept], truth[i : i + 1]))
        for name in METRICS:
            assert together[name][i] == pytest.approx(alone[name][0], abs=1e-12, nan_ok=True), (name, i)


def test_junk_named_twice_counts_once():
    junk = np.array([[0, 0], [0, 0]])
    judged = judge(ranking_of(scores_of([5, 2, 4, 3, 1])), LABELS, np.array(["a"]), IDS, np.array(["a1"]), junk)
    assert judged.positives.tolist() == [1]


def test_queries_without_a_positive_are_left_out_and_counted():
    ranking = ranking_of(scores_of([5, 4, 3, 2, 1], [5, 4, 3, 2, 1], [1, 2, 3, 4, 5]))
    judged = judge(ranking, LABELS, np.array(["a", "unseen", "c"]), IDS, np.array(["q1", "q2", "c1"]))
    assert judged.without_positive == 2
    for name, values in evaluate(judged).items():
        assert np.isnan(values).tolist() == [False, True, True], name


def test_undetected_queries_stay_in_score_nothing_and_are_counted():
    undetected = np.array([True, False, True])
    ranking = ranking_of(np.tile(scores_of([5, 4, 3, 2, 1]), (3, 1)), undetected=undetected)
    judged = judge(ranking, LABELS, np.array(["a", "a", "unseen"]))
    assert judged.undetected == 1
    for name, values in evaluate(judged).items():
        assert values[0] == 0, name
    assert evaluate(judged)["hit@1"][1] == 1


def test_results_of_an_undetected_query_are_not_believed():
    ranking = ranking_of(scores_of([5, 4, 3, 2, 1]))
    judged = judge(Ranking(ranking.ids, ranking.scores, np.array([True])), LABELS, np.array(["a"]))
    assert evaluate(judged)["mAP"].tolist() == [0]


def test_positives_missing_from_a_truncated_ranking_count_as_never_found():
    ranking = Ranking(np.array([[0, 2, -1]], np.int32), scores_of([2, 1, -np.inf]), np.array([False]))
    values = evaluate(judge(ranking, LABELS, np.array(["a"])))
    assert values["recall@25"].tolist() == [0.5]
    assert values["mAP"].tolist() == [0.5]


def test_empty_places_are_no_results_even_where_a_result_scores_minus_infinity():
    ranking = Ranking(
        np.array([[2, 0, -1, -1]], np.int32), scores_of([1, -np.inf, -np.inf, -np.inf]), np.array([False])
    )
    judged = judge(ranking, LABELS, np.array(["a"]))
    assert judged.blocks.size.tolist() == [1]
    assert evaluate(judged)["MRR"].tolist() == [0.5]
    lone = Ranking(np.array([[0, -1]], np.int32), scores_of([-np.inf, -np.inf]), np.array([False]))
    assert evaluate(judge(lone, LABELS, np.array(["a"])))["tie_rate@1"].tolist() == [0]


def test_a_cutoff_beyond_the_gallery_sees_all_of_it():
    values = evaluate(judge(ranking_of(scores_of([1, 2, 3, 4, 5])), LABELS, np.array(["a"])))
    assert values["recall@25"].tolist() == [1]
    assert values["P@25"].tolist() == [2 / 25]
    assert values["hit@25"].tolist() == [1]
    assert values["tie_rate@25"].tolist() == [0]


def test_tie_rate_sees_ties_across_the_cut_only():
    scores = scores_of([9, 9, 8, 7, 6, 5], [9, 8, 7, 6, 5, 5])
    values = evaluate(judge(ranking_of(scores), np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0])))
    assert values["tie_rate@1"].tolist() == [1, 0]
    assert values["tie_rate@5"].tolist() == [0, 1]


def test_tied_votes_share_the_win():
    labels = np.array([0, 1, 1, 0, 2, 2])
    values = evaluate(judge(ranking_of(scores_of([6, 5, 4, 3, 2, 1])), labels, np.array([0])))
    assert values["kNN-vote@1"].tolist() == [1]
    assert values["kNN-vote@5"].tolist() == [0.5]


def test_votes_across_a_tied_cut_are_those_of_every_draw():
    labels = np.array([0, 1, 1, 1, 0, 0, 0, 0, 0])
    scores = scores_of([9, 8, 8, 8, 1, 1, 1, 1, 1])  # at k = 5: label 0 has 2 votes whoever is drawn, label 1 has 3
    values = evaluate(judge(ranking_of(scores), labels, np.array([0])))
    assert values["kNN-vote@5"].tolist() == [0]
    assert values["kNN-vote@10"].tolist() == [1]


@pytest.mark.parametrize("cells", [1, 7, 40])
def test_rows_judged_in_slabs_give_the_same(monkeypatch, cells):
    generator = np.random.default_rng(1)
    labels, truth = generator.integers(0, 4, 8), generator.integers(0, 4, 11)
    ids, query_ids = np.arange(8), np.arange(11) % 9
    ranking = ranking_of(generator.integers(0, 4, (11, 8)).astype(np.float32))
    whole = evaluate(judge(ranking, labels, truth, ids, query_ids))
    monkeypatch.setattr(judgement_module, "_CELLS", cells)
    slabs = evaluate(judge(ranking, labels, truth, ids, query_ids))
    for name in METRICS:
        np.testing.assert_array_equal(whole[name], slabs[name], err_msg=name)


def test_no_queries_and_no_results_are_no_crash():
    nothing = judge(ranking_of(np.empty((0, 5), np.float32)), LABELS, np.array([], dtype=str))
    assert all(len(values) == 0 for values in evaluate(nothing).values())
    shallow = Ranking(np.empty((2, 0), np.int32), np.empty((2, 0), np.float32), np.zeros(2, bool))
    values = evaluate(judge(shallow, LABELS, np.array(["a", "unseen"]), IDS, np.array(["a1", "x"])))
    assert values["mAP"][0] == 0
    assert np.isnan(values["mAP"][1])


@pytest.mark.parametrize(
    ("ids", "scores", "message"),
    [
        ([[0, 1, 5]], [[3, 2, 1]], "positions -1 to 5"),
        ([[0, 1, -2]], [[3, 2, 1]], "positions -2 to 1"),
        ([[0, 1, 2]], [[1, 2, 3]], "not in order"),
        ([[0, 1, 2]], [[3, np.nan, 1]], "not in order"),
        ([[0, -1, 2]], [[3, 2, 1]], "empty place"),
        ([[0, 1, 0]], [[3, 2, 1]], "names a positive twice"),
        ([[0, 1, 2], [0, 1, 2]], [[3, 2, 1], [3, 2, 1]], "2 rows for 1 queries"),
    ],
)
def test_a_ranking_that_cannot_be_judged_says_why(ids, scores, message):
    ranking = Ranking(np.array(ids, np.int32), np.array(scores, np.float32), np.zeros(len(ids), bool))
    with pytest.raises(BenchmarkError, match=message):
        judge(ranking, LABELS, np.array(["a"]))


@pytest.mark.parametrize("pair", [[0, 5], [1, 0], [-1, 0]])
def test_junk_outside_the_gallery_is_refused(pair):
    with pytest.raises(BenchmarkError, match="junk pair"):
        judge(ranking_of(scores_of([5, 4, 3, 2, 1])), LABELS, np.array(["a"]), junk=np.array([pair]))


def test_metric_names_are_forgiving_about_case_and_suggest_the_nearest():
    assert parse_metric("map").name == "mAP"
    assert parse_metric("ndcg@10").name == "nDCG@10"
    with pytest.raises(UnknownNameError, match="did you mean .*hit@1"):
        parse_metric("hits@1")
    with pytest.raises(UnknownNameError, match="there are hit@1"):
        parse_metric("zzzzzz")


def test_evaluate_computes_the_metrics_asked_for():
    judged = judge(ranking_of(scores_of([5, 4, 3, 2, 1])), LABELS, np.array(["a"]))
    assert list(evaluate(judged, ["mrr", f"hit@{CUTOFFS[0]}"])) == ["MRR", "hit@1"]
