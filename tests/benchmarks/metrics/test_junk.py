"""Queries and gallery images that are one and the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.metrics.junk import equal_pairs

IDS = st.lists(st.integers(0, 5), max_size=12)


@given(queries=IDS, gallery=IDS)
def test_equal_pairs_are_all_there_are_in_order(queries, gallery):
    pairs = equal_pairs(np.array(queries, dtype=np.int64), np.array(gallery, dtype=np.int64))
    assert pairs.shape == (len(pairs), 2)
    expected = [[row, at] for row, query in enumerate(queries) for at, image in enumerate(gallery) if query == image]
    assert pairs.tolist() == expected


def test_digests_are_compared_like_ids():
    pairs = equal_pairs(np.array(["c", "a", "b"]), np.array(["a", "c", "d", "a"]))
    assert pairs.tolist() == [[0, 1], [1, 0], [1, 3]]
