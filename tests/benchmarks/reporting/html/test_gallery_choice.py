"""Galleries: the worst failures and the greatest disagreements are those of the stored rankings."""

import numpy as np
import pytest

from benchmarks.core.cells import Cell
from benchmarks.reporting.html.gallery_choice import (
    PER_METHOD,
    FirstHits,
    disagreements,
    distinct,
    first_hits,
    group_hits,
    worst_failures,
)
from benchmarks.reporting.tables.groups import make_groups
from methods.ranking import Ranking
from methods.registry import load_registry
from methods.spec import MethodSpec, Part
from tests.benchmarks.stored_cells import StoredCells

GALLERY = [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")]
QUERIES = [("a3", "a"), ("b3", "b"), ("z1", "z")]
SPEC = MethodSpec(id="m", family="pixels", summary="", source="", method=Part("x:Y"))


def stored(root, rankings, gallery=GALLERY, queries=QUERIES, **fields):
    cells = StoredCells(root)
    manifest = cells.manifest(gallery, queries)
    for method, ids in rankings.items():
        cells.cell(Cell("lfw", "standard", "retrieval", method), manifest, ids=ids, **fields)
    (group,) = make_groups(cells.store, load_registry())
    return cells.store, group


def hits_of(method, ranks, top=None, undetected=None):
    ranks = np.array(ranks, dtype=float)
    top = np.arange(len(ranks) * 2).reshape(-1, 2) if top is None else np.array(top)
    missing = np.zeros(len(ranks), dtype=bool) if undetected is None else np.array(undetected)
    right = np.where(np.isfinite(ranks), 0, -1)
    return FirstHits(method, "pixels", False, top, right, ranks, missing)


def test_the_rank_is_that_of_the_first_right_result(tmp_path):
    store, group = stored(tmp_path, {"pixels": [[2, 4, 1, 0, 3], [3, 2, 0, 1, 4], [0, 1, 2, 3, 4]]})
    (hits,) = group_hits(store, group, 2)
    assert hits.rank[:2].tolist() == [3, 1] and np.isnan(hits.rank[2])
    assert hits.right.tolist() == [1, 3, -1]
    assert hits.top.tolist() == [[2, 4], [3, 2], [0, 1]]


def test_ties_are_averaged_over_all_their_orders(tmp_path):
    ids, scores = [[2, 0, 4, 1, 3]] * 3, [[5, 4, 4, 4, 1]] * 3
    store, group = stored(tmp_path, {"pixels": ids}, scores=scores)
    (hits,) = group_hits(store, group, 5)
    # Two right among the three that tie at ranks 2 to 4: of the orders RRW, RWR, WRR the first right is 2, 2 and 3.
    assert hits.rank[0] == pytest.approx((2 + 2 + 3) / 3)


def test_the_query_itself_is_no_result():
    from benchmarks.core.ground_truth import GroundTruth
    from benchmarks.core.judged.relevance import of_labels

    columns = [np.array(c) for c in (["q", "a1", "b1"], ["a", "a", "b"], ["q"], ["a"])]
    truth = GroundTruth("lfw", "standard", "complete", (), *columns)
    ranking = Ranking(np.array([[0, 2, 1]]), np.array([[3.0, 2.0, 1.0]], dtype=np.float32), np.array([False]))
    relevance = of_labels(truth)
    judged = (relevance.judge(ranking), relevance.first_right(ranking))
    hits = first_hits(truth, Cell("lfw", "standard", "retrieval", "m"), SPEC, ranking, *judged, 2)
    assert hits.top.tolist() == [[2, 1]] and hits.rank.tolist() == [2]


def test_what_was_never_found_has_an_infinite_rank(tmp_path):
    store, group = stored(tmp_path, {"pixels": [[2, 4, -1, -1, -1]] * 3})
    (hits,) = group_hits(store, group, 3)
    assert np.isinf(hits.rank[0]) and hits.right[0] == -1
    assert hits.top[0].tolist() == [2, 4, -1]


def test_canaries_and_untrained_methods_are_left_out(tmp_path):
    store, group = stored(tmp_path, {"random": [[0, 1, 2, 3, 4]] * 3})
    assert group_hits(store, group, 3) == []


def test_the_worst_failures_are_the_last_first_right_results():
    ids = np.array(list("abcdef"))
    hits = hits_of("m", [3, np.inf, 1, 40, np.nan, np.inf], undetected=[False] * 5 + [True])
    assert worst_failures(hits, ids, 2) == [1, 3]
    assert worst_failures(hits, ids, 10) == [1, 3, 0]


def test_equal_failures_are_chosen_by_hash_and_not_by_order():
    ids = np.array([f"q{number}" for number in range(30)])
    forward = worst_failures(hits_of("m", [7] * 30), ids, 5)
    backward = worst_failures(hits_of("m", [7] * 30), ids[::-1], 5)
    assert [ids[row] for row in forward] == [ids[::-1][row] for row in backward]
    assert forward != [0, 1, 2, 3, 4]


def test_methods_with_equal_answers_are_shown_once():
    top = [[1, 2], [3, 4]]
    exact, tree, other = (hits_of(name, [1, 5], top) for name in ("exact", "tree", "other"))
    other = hits_of("other", [1, 6], top)
    assert [(one.method, same) for one, same in distinct([exact, tree, other])] == [("exact", ["tree"]), ("other", [])]


def test_the_greatest_ratio_of_ranks_comes_first_and_names_the_better_method():
    ids = np.array(list("abc"))
    one, other = hits_of("one", [1, 500, 4]), hits_of("other", [50, 600, 1])
    chosen = disagreements([one, other], 1000, ids, 3)
    assert [(pair.row, pair.better.method, pair.worse.method) for pair in chosen] == [(0, "one", "other")]


def test_a_method_that_finds_nothing_to_search_for_does_not_disagree():
    one, other = hits_of("one", [1, 1]), hits_of("other", [np.inf, 30], undetected=[True, False])
    assert [pair.row for pair in disagreements([one, other], 1000, np.array(["a", "b"]), 3)] == [1]


def test_no_query_and_no_pair_twice_and_no_method_more_often_than_allowed():
    rng = np.random.default_rng(0)
    answers = [hits_of(f"m{number}", rng.integers(1, 900, 40)) for number in range(6)]
    chosen = disagreements(answers, 1000, np.array([str(row) for row in range(40)]), 8)
    assert len({pair.row for pair in chosen}) == len(chosen) >= 4
    names = [name for pair in chosen for name in (pair.better.method, pair.worse.method)]
    assert max(map(names.count, names)) <= PER_METHOD
    assert all(pair.better.rank[pair.row] < pair.worse.rank[pair.row] for pair in chosen)
    assert len({frozenset((pair.better.method, pair.worse.method)) for pair in chosen}) == len(chosen)
