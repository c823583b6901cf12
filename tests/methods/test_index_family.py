"""Every index of the family against exact search by hand: shapes, ties, settings, and what it may and may not lose."""

import importlib.util

import numpy as np
import pytest

from datasets.errors import BenchmarkError
from methods.contracts import Index
from methods.indexes import usearch_hnsw
from methods.indexes.exact import ExactIndex
from methods.indexes.faiss_binary import FaissBinaryIndex
from methods.indexes.faiss_flat import FaissFlatIndex
from methods.indexes.faiss_hnsw import FaissHnswIndex
from methods.indexes.faiss_ivf import FaissIvfFlatIndex, FaissIvfPqIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.multi_index_hashing import MultiIndexHashing
from methods.indexes.usearch_hnsw import UsearchHnswIndex

RNG = np.random.default_rng(11)
CENTRES = RNG.normal(size=(20, 32))
GALLERY = (CENTRES[RNG.integers(0, 20, 600)] + 0.6 * RNG.normal(size=(600, 32))).astype(np.float32)
QUERIES = (CENTRES[RNG.integers(0, 20, 15)] + 0.6 * RNG.normal(size=(15, 32))).astype(np.float32)
CODES = RNG.integers(0, 256, (700, 8), dtype=np.uint8)
ASKED = RNG.integers(0, 256, (15, 8), dtype=np.uint8)

needs_usearch = pytest.mark.skipif(importlib.util.find_spec("usearch") is None, reason="usearch is not installed")

EXACT = {
    "flat": FaissFlatIndex,
    "every list": lambda metric: FaissIvfFlatIndex(metric, nlist=16, nprobe=16),
    "every list, all re-ranked": lambda metric: FaissIvfPqIndex(metric, 8, 8, subvectors=8, rerank=60),
    "wide graph": lambda metric: FaissHnswIndex(metric, links=32, ef_search=600),
}
APPROXIMATE = {
    "some lists": lambda metric: FaissIvfFlatIndex(metric, nlist=16, nprobe=4),
    "codes": lambda metric: FaissIvfPqIndex(metric, nlist=4, nprobe=4, subvectors=16),
    "graph": FaissHnswIndex,
}
USEARCH = {
    "usearch": UsearchHnswIndex,
    "usearch f16": lambda metric: UsearchHnswIndex(metric, precision="f16"),
}
FLOAT = EXACT | APPROXIMATE
BINARY = {"faiss": FaissBinaryIndex, "multi-index hashing": MultiIndexHashing}


def built(index, vectors=GALLERY):
    index.add(vectors)
    return index


def by_hand(metric):
    """Scores (q, n) float64 of every pair."""
    gallery, queries = GALLERY.astype(float), QUERIES.astype(float)
    if metric == "l2":
        return -np.linalg.norm(queries[:, None] - gallery, axis=2)
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (queries, gallery)]
    return unit[0] @ unit[1].T


def recall(index, metric, k=10):
    ids, _ = index.search(QUERIES, k)
    true = np.argsort(-by_hand(metric), axis=1)[:, :k]
    return np.mean([len(set(row) & set(best)) / k for row, best in zip(ids, true, strict=True)])


def check_contract(index, queries, size, floor):
    """What methods.contracts.Index asks of `search` and `nbytes`."""
    assert isinstance(index, Index)
    ids, scores = index.search(queries, 2 * size)
    assert ids.shape == scores.shape == (len(queries), size)
    assert ids.dtype == np.int32
    assert scores.dtype == np.float32
    assert np.all(scores[:, :-1] >= scores[:, 1:])
    assert np.array_equal(ids == -1, np.isneginf(scores))
    assert all(len(set(row[row >= 0])) == np.count_nonzero(row >= 0) for row in ids)
    assert index.nbytes >= floor


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("name", EXACT)
def test_what_looks_at_everything_finds_the_true_neighbours(name, metric):
    index, scores = built(EXACT[name](metric)), by_hand(metric)
    for queries, rows in ((QUERIES, scores), (QUERIES[:1], scores[:1])):  # a single query goes other ways inside
        ids, found = index.search(queries, 10)
        assert np.array_equal(ids, np.argsort(-rows, axis=1)[:, :10])
        assert np.allclose(found, -np.sort(-rows, axis=1)[:, :10], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("name", FLOAT)
def test_float_indexes_keep_the_contract(name, metric):
    check_contract(built(FLOAT[name](metric)), QUERIES, len(GALLERY), 600 * 16)


@needs_usearch
@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("name", USEARCH)
def test_usearch_keeps_the_contract_and_finds_what_is_near(name, metric):
    index = built(USEARCH[name](metric))
    check_contract(index, QUERIES, len(GALLERY), 600 * 64)
    assert recall(index, metric) >= 0.95
    ids, scores = index.search(QUERIES, 10)
    one_by_one = [index.search(query[None], 10) for query in QUERIES]
    assert np.array_equal(ids, np.concatenate([row for row, _ in one_by_one]))
    assert np.allclose(scores, np.take_along_axis(by_hand(metric), ids.astype(int), axis=1), atol=5e-3)


@needs_usearch
def test_eight_bits_are_a_quarter_of_the_rows_and_keep_most_of_the_answer():
    small, whole = (built(UsearchHnswIndex("cosine", precision=precision)) for precision in ("i8", "f32"))
    assert whole.nbytes - small.nbytes == pytest.approx(0.75 * GALLERY.nbytes, rel=0.05)
    assert recall(small, "cosine") >= 0.85


@pytest.mark.parametrize("name", APPROXIMATE)
def test_approximate_indexes_find_most_of_what_is_near(name):
    assert 0.6 <= recall(built(APPROXIMATE[name]("l2")), "l2") <= 1


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_all_lists_searched_are_the_flat_answer_and_more_lists_only_add(metric):
    index, flat = built(FaissIvfFlatIndex(metric, nlist=24, nprobe=1)), built(FaissFlatIndex(metric))
    kept = []
    for nprobe in (1, 4, 12, 24):
        index.nprobe = nprobe
        kept.append(recall(index, metric))
    assert kept[0] < kept[-1] == 1
    assert kept == sorted(kept)
    for k in (1, 10, 600):
        ids, scores = index.search(QUERIES, k)
        expected, values = flat.search(QUERIES, k)
        assert np.array_equal(ids, expected)
        assert np.allclose(scores, values, atol=1e-4)


def test_settings_of_a_search_take_effect_without_a_new_index():
    graph, codes = (
        built(FaissHnswIndex(links=4, ef_search=1)),
        built(FaissIvfPqIndex(nlist=4, nprobe=4, subvectors=4, rerank=1)),
    )
    narrow, coarse = recall(graph, "l2"), recall(codes, "l2")
    graph.ef_search, codes.rerank = 300, 60
    assert recall(graph, "l2") > narrow
    assert recall(codes, "l2") > coarse


def test_codes_take_less_than_rows_and_re_ranking_keeps_both():
    flat, codes, both = (
        built(index).nbytes
        for index in (FaissFlatIndex(), FaissIvfPqIndex(nlist=8, subvectors=4), FaissIvfPqIndex(subvectors=4, rerank=2))
    )
    assert codes < flat < both
    assert flat == pytest.approx(GALLERY.nbytes, rel=0.01)


@pytest.mark.parametrize("name", FLOAT)
def test_two_builds_are_the_same(name):
    for rows, others in zip(*(built(FLOAT[name]("l2")).search(QUERIES, 20) for _ in range(2)), strict=True):
        assert np.array_equal(rows, others)


@pytest.mark.parametrize("name", FLOAT | USEARCH | BINARY)
def test_an_empty_gallery_and_a_gallery_of_one(name):
    if name in USEARCH:
        pytest.importorskip("usearch")
    make = (lambda: BINARY[name]()) if name in BINARY else (lambda: (FLOAT | USEARCH)[name]("cosine"))
    vectors, queries = (CODES, ASKED) if name in BINARY else (GALLERY, QUERIES)
    empty = built(make(), vectors[:0])
    assert empty.nbytes == 0 or name == "multi-index hashing"
    assert [part.shape for part in empty.search(queries, 5)] == [(15, 0), (15, 0)]
    ids, scores = built(make(), vectors[:1]).search(queries, 5)
    assert np.array_equal(ids, np.zeros((15, 1)))
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", BINARY)
def test_binary_indexes_are_exact_and_keep_the_contract(name):
    index = built(BINARY[name](), CODES)
    check_contract(index, ASKED, len(CODES), CODES.nbytes)
    differing = np.unpackbits(ASKED[:, None] ^ CODES, axis=2).sum(axis=2, dtype=int)
    for k in (1, 20, 700):
        ids, scores = index.search(ASKED, k)
        assert np.array_equal(-scores, np.sort(differing, axis=1)[:, :k])
        assert np.array_equal(-scores, np.take_along_axis(differing, ids.astype(int), axis=1))


def test_cosine_of_the_flat_index_is_that_of_our_exact_search():
    ids, scores = built(FaissFlatIndex("cosine")).search(QUERIES, 50)
    expected, values = built(ExactIndex("cosine")).search(QUERIES, 50)
    assert np.array_equal(ids, expected)
    assert np.allclose(scores, values, atol=1e-6)


def test_settings_that_cannot_work_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="metric"):
        FaissFlatIndex("hamming")
    with pytest.raises(ValueError, match="nprobe"):
        FaissIvfFlatIndex(nlist=4, nprobe=5)
    with pytest.raises(BenchmarkError, match="7 subvectors do not divide rows of 32"):
        built(FaissIvfPqIndex(subvectors=7))
    monkeypatch.setattr(usearch_hnsw.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BenchmarkError, match=r"pip install 'reverse-image-search-benchmark\[vectors\]'"):
        UsearchHnswIndex()


@needs_usearch
def test_usearch_refuses_metrics_it_cannot_keep():
    with pytest.raises(ValueError, match="8-bit"):
        UsearchHnswIndex("l2", precision="i8")
    with pytest.raises(ValueError, match="metric"):
        UsearchHnswIndex("hamming")


def test_hamming_and_both_binary_indexes_agree_on_every_score():
    answers = [built(make(), CODES).search(ASKED, 50)[1] for make in (HammingIndex, *BINARY.values())]
    assert np.array_equal(answers[0], answers[1])
    assert np.array_equal(answers[0], answers[2])
