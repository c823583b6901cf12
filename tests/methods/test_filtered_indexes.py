"""Searches among some rows, and rows that come and go: against sorting by hand, for every index that offers them."""

import importlib.util

import numpy as np
import pytest

from datasets.errors import BenchmarkError
from methods.contracts import ChangingIndex, FilteredIndex, LabelledIndex
from methods.indexes.exact import ExactIndex
from methods.indexes.faiss_flat import FaissFlatIndex
from methods.indexes.faiss_hnsw import FaissHnswIndex
from methods.indexes.faiss_ivf import FaissIvfFlatIndex, FaissIvfPqIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.milvus import MilvusIndex
from methods.indexes.rebuilt import RebuiltIndex
from methods.indexes.usearch_hnsw import UsearchHnswIndex

RNG = np.random.default_rng(23)
ROWS = 600
GALLERY = RNG.normal(size=(ROWS, 16)).astype(np.float32)
GALLERY[300] = GALLERY[7]
QUERIES = np.concatenate([GALLERY[7:8], RNG.normal(size=(11, 16)).astype(np.float32)])
CODES = RNG.integers(0, 256, (ROWS, 2), dtype=np.uint8)
LABELS = RNG.permutation(ROWS) % 100
SHARES = (1, 10, 50)

needs_milvus = pytest.mark.skipif(importlib.util.find_spec("milvus_lite") is None, reason="Milvus is not installed")
needs_usearch = pytest.mark.skipif(importlib.util.find_spec("usearch") is None, reason="usearch is not installed")

EXACT = {
    "exact": ExactIndex,
    "flat": FaissFlatIndex,
    "every list": lambda metric: FaissIvfFlatIndex(metric, nlist=8, nprobe=8),
    "every list, re-ranked": lambda metric: FaissIvfPqIndex(metric, 8, 8, subvectors=4, rerank=60),
}
APPROXIMATE = {
    "some lists": lambda metric: FaissIvfFlatIndex(metric, nlist=8, nprobe=7),
    "codes": lambda metric: FaissIvfPqIndex(metric, 4, 4, subvectors=16),
    "graph": lambda metric: FaissHnswIndex(metric, ef_search=300),
    "usearch": lambda metric: UsearchHnswIndex(metric, ef_search=300),
}
CHANGING = {
    "rebuilt": RebuiltIndex,
    "every list": EXACT["every list"],
    "graph": APPROXIMATE["graph"],
    "usearch": APPROXIMATE["usearch"],
    "milvus": MilvusIndex,
}
MARKS = {"usearch": needs_usearch, "milvus": needs_milvus}


def named(indexes):
    return [pytest.param(name, marks=MARKS.get(name, ())) for name in indexes]


def built(index, vectors=GALLERY):
    index.add(vectors)
    return index


def by_hand(metric, gallery=GALLERY):
    """Scores (q, n) float64 of every pair."""
    gallery, queries = gallery.astype(float), QUERIES.astype(float)
    if metric == "l2":
        return -np.linalg.norm(queries[:, None] - gallery, axis=2)
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, gallery)]
    return unit[0] @ unit[1].T


def best_of(scores, ids, k):
    """Of `ids` (m,), rising, the k with the best scores (q, m), best first; the lower id of two equal ones."""
    order = np.argsort(-np.round(scores, 12), axis=1, kind="stable")[:, :k]
    return ids[order]


def kept(ids, true):
    return np.mean([np.isin(row, best).sum() / true.shape[1] for row, best in zip(ids, true, strict=True)])


def check_answer(ids, scores, k, permitted):
    """What the contract says of any answer among `permitted` ids."""
    assert ids.shape == scores.shape == (len(QUERIES), k)
    assert (ids.dtype, scores.dtype) == (np.int32, np.float32)
    assert np.array_equal(ids == -1, np.isneginf(scores))
    assert np.isin(ids[ids >= 0], permitted).all()
    assert np.all(scores[:, :-1] >= scores[:, 1:])
    assert all(len(set(row[row >= 0])) == np.count_nonzero(row >= 0) for row in ids)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", EXACT)
def test_exact_indexes_find_the_nearest_of_the_allowed(name, share, metric):
    index, allowed = built(EXACT[name](metric)), share > LABELS
    assert isinstance(index, FilteredIndex)
    permitted = np.flatnonzero(allowed)
    ids, scores = index.search_among(QUERIES, 20, allowed)
    check_answer(ids, scores, 20, permitted)
    k = min(20, len(permitted))
    true = by_hand(metric)[:, permitted]
    assert np.array_equal(ids[:, k:], np.full((len(QUERIES), 20 - k), -1))
    assert np.allclose(scores[:, :k], -np.sort(-true, axis=1)[:, :k], atol=2e-3 if metric == "l2" else 1e-5)
    assert kept(ids, best_of(true, permitted, k)) == 1
    if name == "exact":
        assert np.array_equal(ids[:, :k], best_of(true, permitted, k))


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", named(APPROXIMATE))
def test_approximate_indexes_return_allowed_rows_and_most_of_the_nearest(name, share, metric):
    index, allowed = built(APPROXIMATE[name](metric)), share > LABELS
    assert isinstance(index, FilteredIndex)
    permitted = np.flatnonzero(allowed)
    ids, scores = index.search_among(QUERIES, 20, allowed)
    check_answer(ids, scores, 20, permitted)
    assert kept(ids, best_of(by_hand(metric)[:, permitted], permitted, min(20, len(permitted)))) >= 0.8


def test_equal_rows_go_by_their_number_whichever_are_allowed():
    index = built(ExactIndex())
    allowed = np.ones(ROWS, dtype=bool)
    for share in (1, 50):  # few rows are compared alone, many by a scan of all
        among = share > LABELS
        among[[7, 300]] = True
        assert index.search_among(QUERIES[:1], 2, among)[0].tolist() == [[7, 300]]
        among[7] = False
        assert index.search_among(QUERIES[:1], 1, among)[0].tolist() == [[300]]
    assert np.array_equal(index.search_among(QUERIES, 9, allowed)[0], index.search(QUERIES, 9)[0])


@pytest.mark.parametrize("name", named(EXACT | APPROXIMATE))
def test_nothing_allowed_is_nothing_found(name):
    ids, scores = built((EXACT | APPROXIMATE)[name]("l2")).search_among(QUERIES, 5, np.zeros(ROWS, dtype=bool))
    assert ids.shape == (len(QUERIES), 5)
    assert set(ids.ravel()) == {-1}
    assert np.isneginf(scores).all()


def test_codes_among_the_allowed_are_ranked_as_by_hand():
    index = built(HammingIndex(), CODES)
    asked = CODES[:12] ^ np.uint8(5)
    differing = np.bitwise_count(asked[:, None] ^ CODES).sum(axis=2, dtype=int)
    for share in SHARES:
        permitted = np.flatnonzero(share > LABELS)
        ids, scores = index.search_among(asked, 20, share > LABELS)
        k = min(20, len(permitted))
        check_answer(ids, scores, 20, permitted)
        assert np.array_equal(ids[:, :k], best_of(-differing[:, permitted], permitted, k))
    assert set(index.search_among(asked, 3, np.zeros(ROWS, dtype=bool))[0].ravel()) == {-1}


@needs_milvus
@pytest.mark.parametrize("index_type", ["FLAT", "HNSW"])
def test_milvus_filters_by_the_label_beside_each_row(index_type):
    index = MilvusIndex("l2", index_type)
    index.add_labelled(GALLERY, LABELS)
    assert isinstance(index, LabelledIndex)
    for low, high in ((3, 4), (20, 30), (40, 90)):
        permitted = np.flatnonzero((low <= LABELS) & (high > LABELS))
        ids, scores = index.search_labelled(QUERIES, 20, low, high)
        check_answer(ids, scores, 20, permitted)
        true = best_of(by_hand("l2")[:, permitted], permitted, min(20, len(permitted)))
        assert kept(ids, true) == 1 if index_type == "FLAT" else kept(ids, true) >= 0.8
    index.close()


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("name", named(CHANGING))
def test_rows_that_come_are_found_and_rows_that_go_are_not(name, metric):
    index = built(CHANGING[name](metric), GALLERY[:300])
    assert isinstance(index, ChangingIndex)
    present = np.arange(300)
    rng = np.random.default_rng(1)
    for start in range(300, ROWS, 100):
        gone, come = rng.choice(present, 120, replace=False), np.arange(start, start + 100)
        index.remove(gone)
        index.insert(come, GALLERY[come])
        present = np.concatenate([np.setdiff1d(present, gone), come])
        ids, scores = index.search(QUERIES, 20)
        check_answer(ids, scores, 20, present)
        true = best_of(by_hand(metric)[:, present], present, 20)
        assert kept(ids, true) >= (1 if name in ("rebuilt", "every list", "milvus") else 0.9)
        probes = [index.search(GALLERY[row : row + 1], 1)[0][0, 0] for row in come[-3:]]
        assert probes == come[-3:].tolist()
    assert index.search(QUERIES, 5 * ROWS)[0].shape[1] == len(present)
    assert index.nbytes > 0


@pytest.mark.parametrize("name", named(CHANGING))
def test_a_row_may_come_back_under_its_id_with_another_vector(name):
    index = built(CHANGING[name]("l2"))
    index.remove(np.array([7, 9, 300]))
    index.insert(np.array([9]), GALLERY[7:8])
    assert index.search(QUERIES[:1], 1)[0].tolist() == [[9]]


def test_graph_rows_that_came_and_went_can_be_filtered_too():
    index = built(FaissHnswIndex("l2", ef_search=300), GALLERY[:500])
    index.remove(np.arange(100))
    index.insert(np.arange(500, ROWS), GALLERY[500:])
    allowed = LABELS < 50
    permitted = np.flatnonzero(allowed)
    permitted = permitted[permitted >= 100]
    ids, scores = index.search_among(QUERIES, 20, allowed)
    check_answer(ids, scores, 20, permitted)
    assert kept(ids, best_of(by_hand("l2")[:, permitted], permitted, 20)) >= 0.9


def test_codes_come_and_go_as_rows_do():
    index = built(RebuiltIndex("hamming"), CODES[:400])
    index.remove(np.arange(50))
    index.insert(np.arange(400, 500), CODES[400:500])
    ids, scores = index.search(CODES[450:451], 1)
    assert ids[0, 0] >= 50
    assert scores[0, 0] == 0
    assert index.search(CODES[:1], 999)[0].shape == (1, 450)


@pytest.mark.parametrize("name", ["every list", pytest.param("usearch", marks=needs_usearch), "milvus"])
def test_what_learns_from_its_first_rows_says_that_it_has_none(name):
    with pytest.raises(BenchmarkError, match="before `add` was given rows"):
        CHANGING[name]("l2").insert(np.arange(3), GALLERY[:3])
