"""However a gallery is cut into shards, what they find together is what one search of it finds, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.experiments.sharding.blocks import blocks_of, shards_of
from benchmarks.experiments.sharding.measure import agreement
from benchmarks.experiments.sharding.search import Asked, has_row, merged, search_blocks
from datasets.errors import BenchmarkError
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.ranking import Ranking


def found_by(gallery, queries, k, metric, block, shards):
    """The ranking of `shards` shards, each searched as a process of its own would."""
    centre = gallery[has_row(gallery)].mean(axis=0, dtype=np.float64).astype(np.float32)
    asked = Asked(queries, k, metric, centre)
    parts = shards_of(blocks_of(len(gallery), block), shards)
    return merged(
        [search_blocks([(cut, gallery[cut.start : cut.stop].copy()) for cut in part], asked) for part in parts], asked
    )


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("shards", [2, 3, 4, 7])
@pytest.mark.parametrize("k", [1, 20, 1000])
def test_float_rows_to_the_last_bit(metric, shards, k):
    rng = np.random.default_rng(3)
    gallery = rng.normal(size=(1000, 96)).astype(np.float32)
    gallery[::9] = gallery[4]  # ties, across blocks and shards
    gallery[5::50] = np.nan  # no face found
    queries = np.vstack([gallery[:30], rng.normal(size=(7, 96)).astype(np.float32)])
    base, new = (found_by(gallery, queries, k, metric, 64, count) for count in (1, shards))
    same = agreement(base, new)
    assert same.equal
    if k > 1:
        assert same.ties > 0
    assert base.undetected.sum() == 1
    assert base.ids.shape == (37, min(k, 980))
    assert not np.isin(base.ids, np.arange(5, 1000, 50)).any()


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_one_index_over_the_whole_differs_by_rounding_alone(metric):
    rng = np.random.default_rng(5)
    gallery = rng.normal(size=(600, 128)).astype(np.float32)
    queries = rng.normal(size=(40, 128)).astype(np.float32)
    index = ExactIndex(metric)
    index.add(gallery)
    whole = Ranking(*index.search(queries, 20), np.zeros(40, dtype=bool))
    near = agreement(whole, found_by(gallery, queries, 20, metric, 64, 4))
    assert near.largest_difference < 1e-4
    assert near.same_ids > 0.999


def test_hashes_equal_one_index_over_the_whole():
    rng = np.random.default_rng(1)
    gallery = rng.integers(0, 4, size=(500, 2), dtype=np.uint8)
    queries = rng.integers(0, 4, size=(20, 2), dtype=np.uint8)
    index = HammingIndex()
    index.add(gallery)
    whole = Ranking(*index.search(queries, 33), np.zeros(20, dtype=bool))
    same = agreement(whole, found_by(gallery, queries, 33, "hamming", 40, 5))
    assert same.equal
    assert same.ties > 100


@settings(max_examples=40)
@given(
    values=st.lists(st.integers(-3, 3), min_size=1, max_size=60),
    block=st.integers(1, 9),
    shards=st.integers(1, 8),
    k=st.integers(1, 70),
)
def test_ties_are_settled_as_one_index_over_the_whole_does(values, block, shards, k):
    gallery = np.array(values, dtype=np.float32)[:, None]
    queries = np.array([[0.0], [2.0]], dtype=np.float32)
    shards = min(shards, len(blocks_of(len(values), block)))
    index = ExactIndex("l2")
    index.add(gallery)
    ids, scores = index.search(queries, k)
    ranking = found_by(gallery, queries, k, "l2", block, shards)
    assert ranking.ids.tolist() == ids.tolist()
    assert ranking.scores.tobytes() == scores.tobytes()


@given(images=st.integers(1, 500), block=st.integers(1, 60), shards=st.integers(1, 12))
def test_shards_hold_every_image_once_and_in_order(images, block, shards):
    blocks = blocks_of(images, block)
    if shards > len(blocks):
        with pytest.raises(BenchmarkError, match="fewer with --shards"):
            shards_of(blocks, shards)
        return
    parts = shards_of(blocks, shards)
    assert len(parts) == shards
    assert [place for part in parts for cut in part for place in range(cut.start, cut.stop)] == list(range(images))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_rankings_that_differ_are_told_apart():
    scores = np.array([[3.0, 2.0, 2.0]], dtype=np.float32)
    one = Ranking(np.array([[4, 1, 2]], dtype=np.int32), scores, np.zeros(1, dtype=bool))
    swapped = Ranking(np.array([[4, 2, 1]], dtype=np.int32), scores, np.zeros(1, dtype=bool))
    nudged = Ranking(one.ids, np.nextafter(scores, np.float32(9), dtype=np.float32), one.undetected)
    untied = Ranking(one.ids, np.array([[3.0, 2.0, 1.5]], dtype=np.float32), one.undetected)
    assert agreement(one, one).equal
    assert (agreement(one, swapped).ids_equal, agreement(one, swapped).same_ids) == (False, pytest.approx(1 / 3))
    assert (agreement(one, nudged).scores_equal, agreement(one, nudged).ids_equal) == (False, True)
    assert agreement(one, untied).ties_equal is False
    assert agreement(one, untied).largest_difference == 0.5
