"""A single query over a large gallery is answered from candidates alone, and its answer is that of the full scan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.indexes import coarse_products as module
from methods.indexes.coarse_products import coarse_products
from methods.indexes.exact import ExactIndex


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    monkeypatch.setattr(module, "SMALLEST", 0)
    monkeypatch.setattr(module, "BLOCK", 1000)


def clustered(seed, rows, width, spread=0.3, offset=0.0):
    """Rows (rows, width) around a sixth as many centres, all moved by `offset`."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((rows // 6 + 1, width))
    found = centres[random.integers(0, len(centres), rows)] + spread * random.standard_normal((rows, width)) + offset
    return found.astype(np.float32)


def full(index, query, k):
    kept, index._coarse = index._coarse, None
    try:
        return index.search(query, k)
    finally:
        index._coarse = kept


def agree(index, query, k):
    ids, scores = index.search(query, k)
    expected_ids, expected_scores = full(index, query, k)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_array_equal(scores.view(np.uint32), expected_scores.view(np.uint32))
    assert ids.dtype == np.int32 and scores.dtype == np.float32


@settings(max_examples=150, deadline=None)
@given(
    metric=st.sampled_from(["l2", "cosine"]),
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 900),
    width=st.integers(1, 70),
    spread=st.sampled_from([0.0, 1e-4, 0.3, 3.0]),
    offset=st.sampled_from([0.0, 1.0, 1000.0]),
    scale=st.sampled_from([1e-12, 1e-6, 1.0, 1e6, 1e12]),
    k=st.integers(1, 30),
)
def test_the_answer_is_that_of_the_full_scan_to_the_last_bit(metric, seed, rows, width, spread, offset, scale, k):
    vectors = np.float32(scale) * clustered(seed, rows + 3, width, spread, offset)
    index = ExactIndex(metric)
    index.add(vectors[:rows])
    for query in vectors[rows:], vectors[:1], 0 * vectors[:1]:
        agree(index, query[:1], k)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), width=st.integers(1, 300), offset=st.sampled_from([0.0, 5.0]))
def test_no_product_errs_by_more_than_is_said(seed, width, offset):
    rows = clustered(seed, 400, width, offset=offset)
    bias = np.random.default_rng(seed).standard_normal(400).astype(np.float32)
    coarse = coarse_products(rows, bias)
    for query in clustered(seed + 1, 5, width, spread=2.0, offset=offset):
        scores, error = coarse(query)
        off = scores + rows.mean(axis=0) @ query - (rows.astype(np.float64) @ query.astype(np.float64) + bias)
        assert np.abs(off).max() <= error
        moved, longest = (
            np.linalg.norm(query - rows.mean(axis=0)),
            np.linalg.norm(rows - rows.mean(axis=0), axis=1).max(),
        )
        assert error < 0.05 * moved * longest


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_few_rows_are_compared_in_full(metric, monkeypatch):
    vectors = clustered(0, 2000, 64)
    index = ExactIndex(metric)
    index.add(vectors)
    compared = []
    monkeypatch.setattr(index, "_one_query", lambda query: pytest.fail("the whole gallery was read"))
    scores_with = index._scores_with
    monkeypatch.setattr(
        index, "_scores_with", lambda query, rows: compared.append(len(rows)) or scores_with(query, rows)
    )
    for query in vectors[:20]:
        index.search(query[None], 10)
    assert len(compared) == 20 and min(compared) >= 10 and max(compared) <= 250


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_equal_rows_tie_and_the_lower_goes_first(metric):
    vectors = clustered(3, 1500, 24)
    vectors[1400:1450] = vectors[7]
    index = ExactIndex(metric)
    index.add(vectors)
    ids, scores = index.search(vectors[7:8], 40)
    assert ids[0].tolist() == [7, *range(1400, 1439)]
    assert len(set(scores[0].tolist())) == 1
    agree(index, vectors[7:8], 40)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 3e38])
def test_a_query_that_cannot_be_rounded_is_answered_by_the_full_scan(metric, wrong):
    vectors = clustered(4, 800, 16)
    index = ExactIndex(metric)
    index.add(vectors)
    query = vectors[:1].copy()
    query[0, 3] = wrong
    with np.errstate(all="ignore"):
        try:
            expected = full(index, query, 5)
        except ValueError:
            with pytest.raises(ValueError):
                index.search(query, 5)
        else:
            np.testing.assert_array_equal(index.search(query, 5), expected)


@pytest.mark.parametrize("scale", [0, np.nan, np.inf, 1e-20, 1e20])
def test_rows_that_cannot_be_rounded_have_no_coarse_copy(scale):
    with np.errstate(all="ignore"):
        assert coarse_products(np.float32(scale) * clustered(0, 50, 8)) is None


def test_pieces_on_several_threads_are_one_product(monkeypatch):
    rows = clustered(5, 3000, 40)
    whole, error = coarse_products(rows)(rows[1])
    monkeypatch.setattr(module, "PIECE", 30_000)
    coarse = coarse_products(rows)
    assert len(coarse._parts.pieces) == 16
    products, other = coarse(rows[1])
    np.testing.assert_allclose(products, whole, rtol=0, atol=0.01 * error)
    assert other == pytest.approx(error)


def test_the_copy_counts_in_the_bytes_of_the_index(monkeypatch):
    vectors = clustered(6, 4000, 512)
    index = ExactIndex("l2")
    index.add(vectors)
    copied = index.nbytes
    monkeypatch.setattr(module, "SMALLEST", 1 << 40)
    index.add(vectors)
    assert index._coarse is None
    assert 1.2 * vectors.nbytes < copied < 1.35 * vectors.nbytes and index.nbytes < 1.01 * vectors.nbytes
