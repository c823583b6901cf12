"""Search in shards is search in the whole: ids, ties and scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.sharded import ShardedIndex, merge_top_k

RNG = np.random.default_rng(11)
WHOLE = {"l2": lambda: ExactIndex("l2"), "cosine": lambda: ExactIndex("cosine"), "hamming": HammingIndex}


def in_shards(rows, metric, size):
    index = ShardedIndex(metric)
    index.add([rows[start : start + size] for start in range(0, len(rows), size)])
    return index


def in_memory(rows, metric):
    index = WHOLE[metric]()
    index.add(rows)
    return index


def tied_rows(metric, n, rng):
    """Rows whose scores tie all the time and are exact in float32, whatever the order of the sums."""
    if metric == "hamming":
        return rng.integers(0, 4, (n, 5), dtype=np.uint8)
    if metric == "cosine":
        return rng.choice(np.float32([-1, 1]), (n, 16))  # length 4: unit rows are exact
    rows = rng.integers(-3, 4, (n // 2, 6)).astype(np.float32)
    return np.concatenate([rows, -rows])  # their mean is exactly 0


@settings(max_examples=60)
@given(
    metric=st.sampled_from(sorted(WHOLE)),
    half=st.integers(1, 30),
    size=st.integers(1, 70),
    k=st.integers(0, 70),
    seed=st.integers(0, 999),
)
def test_ties_across_shards_are_settled_as_in_the_whole(metric, half, size, k, seed):
    rng = np.random.default_rng(seed)
    rows = tied_rows(metric, 2 * half, rng)
    queries = tied_rows(metric, 4, rng)
    ids, scores = in_shards(rows, metric, size).search(queries, k)
    true_ids, true_scores = in_memory(rows, metric).search(queries, k)
    assert ids.dtype == np.int32 and scores.dtype == np.float32
    assert np.array_equal(ids, true_ids)
    assert np.array_equal(scores, true_scores)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("size", [64, 100, 1000])
def test_real_valued_rows_have_the_neighbours_of_the_whole(metric, size):
    rows = RNG.normal(2, 1, (1000, 48)).astype(np.float32)
    queries = RNG.normal(2, 1, (20, 48)).astype(np.float32)
    ids, scores = in_shards(rows, metric, size).search(queries, 25)
    true_ids, true_scores = in_memory(rows, metric).search(queries, 25)
    assert np.array_equal(ids, true_ids)
    assert np.allclose(scores, true_scores, rtol=1e-5)


def test_scores_that_differ_before_the_root_are_no_tie():
    """Squared distances one step of float32 apart have the same root; here the nearer rows have the higher ids."""
    further, nearer = [1, 3.5e-4], [1, 0]
    rows = np.array([further, nearer, np.negative(further), np.negative(nearer)], dtype=np.float32)
    ids, scores = in_shards(rows, "l2", 1).search(np.zeros((1, 2), np.float32), 4)
    assert np.ptp(scores) == 0
    assert ids.tolist() == in_memory(rows, "l2").search(np.zeros((1, 2), np.float32), 4)[0].tolist() == [[1, 3, 0, 2]]


def test_merging_keeps_the_best_and_lets_the_lower_id_go_first():
    parts = [
        (np.int32([[0, 1, 2]]), np.float32([[9, 5, 5]])),
        (np.int32([[4, -1, -1]]), np.float32([[5, -np.inf, -np.inf]])),
        (np.int32([[7, 8, 6]]), np.float32([[9, 6, 1]])),
    ]
    ids, scores = merge_top_k(parts, 5)
    assert ids.tolist() == [[0, 7, 8, 1, 2]]
    assert scores.tolist() == [[9, 9, 6, 5, 5]]
    assert merge_top_k(parts[1:2], 3)[0].tolist() == [[4, -1, -1]]


def test_a_row_without_an_embedding_is_counted_and_never_found():
    rows = RNG.normal(size=(30, 8)).astype(np.float32)
    rows[[0, 7, 8, 9, 29]] = np.nan
    kept = np.flatnonzero(~np.isnan(rows[:, 0]))
    for metric in ("l2", "cosine"):
        ids, scores = in_shards(rows, metric, 3).search(rows[1:5], 30)
        true_ids, _ = in_memory(rows[kept], metric).search(rows[1:5], 25)
        assert ids.shape == (4, 30)
        assert np.array_equal(ids[:, :25], kept[true_ids])
        assert (ids[:, 25:] == -1).all() and np.isneginf(scores[:, 25:]).all()


def test_no_shards_and_no_queries_give_no_results():
    empty = ShardedIndex()
    empty.add([])
    assert empty.search(np.ones((3, 2), np.float32), 5)[0].shape == (3, 0)
    assert in_shards(np.ones((4, 2), np.float32), "l2", 2).search(np.ones((0, 2), np.float32), 3)[0].shape == (0, 3)


def test_bytes_are_those_of_the_shards():
    rows = RNG.normal(size=(30, 8)).astype(np.float32)
    assert in_shards(rows, "cosine", 7).nbytes == rows.nbytes
