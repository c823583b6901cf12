"""Multi-index hashing gives HammingIndex's answer to the bit: the same scores and ids at every width and k."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.indexes import multi_index_hashing
from methods.indexes.hamming import HammingIndex
from methods.indexes.multi_index_hashing import MultiIndexHashing


def built(index, codes):
    index.add(codes)
    return index


def codes_of(rng, n, width, kind):
    """`few`: many codes tie and coincide; `near`: copies of a few with bits flipped; `any`: all different."""
    if kind == "few":
        return rng.integers(0, 3, (n, width), dtype=np.uint8)
    if kind == "near":
        flipped = rng.random((n, 8 * width)) < 0.05
        return rng.integers(0, 256, (3, width), dtype=np.uint8)[rng.integers(0, 3, n)] ^ np.packbits(flipped, axis=1)
    return rng.integers(0, 256, (n, width), dtype=np.uint8)


def counted(monkeypatch):
    """How many codes each comparison looks at from now on."""
    looked, compare, scan = [], multi_index_hashing.differing_bits, multi_index_hashing.least_differing

    def compared(query, codes):
        looked.append(len(codes))
        return compare(query, codes)

    def scanned(codes, query, k):
        looked.append(len(codes))
        return scan(codes, query, k)

    monkeypatch.setattr(multi_index_hashing, "differing_bits", compared)
    monkeypatch.setattr(multi_index_hashing, "least_differing", scanned)
    return looked


@settings(max_examples=150)
@given(
    n=st.integers(1, 120),
    width=st.integers(1, 19),
    k=st.integers(0, 130),
    kind=st.sampled_from(["few", "near", "any"]),
    share=st.sampled_from([0.0, 1 / 32, 3.0, 1e9]),
    seed=st.integers(0, 999),
)
def test_the_answer_is_that_of_a_full_scan(n, width, k, kind, share, seed):
    """`share` sends the search to a scan at once, after some look-ups, or (nearly) never."""
    rng = np.random.default_rng(seed)
    codes = codes_of(rng, n + 3, width, kind)
    gallery, queries = codes[3:], codes[:3]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multi_index_hashing, "SCAN_SHARE", share)
        patch.setattr(multi_index_hashing, "LEAST", 0)
        ids, scores = built(MultiIndexHashing(), gallery).search(queries, k)
    expected, values = built(HammingIndex(), gallery).search(queries, k)
    assert np.array_equal(ids, expected)
    assert np.array_equal(scores, values)
    assert ids.dtype == np.int32
    assert scores.dtype == np.float32


def test_near_codes_are_found_without_looking_at_all_of_them(monkeypatch):
    rng = np.random.default_rng(5)
    gallery = rng.integers(0, 256, (50_000, 8), dtype=np.uint8)
    queries = gallery[:20] ^ np.packbits(np.arange(64) == 9)
    index = built(MultiIndexHashing(), gallery)
    monkeypatch.setattr(multi_index_hashing, "LEAST", 0)
    looked = counted(monkeypatch)
    ids, scores = index.search(queries, 1)
    assert np.array_equal(ids[:, 0], np.arange(20))
    assert np.array_equal(scores[:, 0], -np.ones(20))
    assert sum(looked) / 20 < len(gallery) / 500


def test_far_codes_cost_a_scan_and_little_more(monkeypatch):
    rng = np.random.default_rng(6)
    gallery = rng.integers(0, 256, (50_000, 8), dtype=np.uint8)
    index = built(MultiIndexHashing(), gallery)
    monkeypatch.setattr(multi_index_hashing, "LEAST", 0)
    looked = counted(monkeypatch)
    index.search(rng.integers(0, 256, (10, 8), dtype=np.uint8), 20)
    assert len(gallery) <= sum(looked) / 10 <= 1.05 * len(gallery)


def test_bytes_are_the_codes_and_four_numbers_a_code():
    gallery = np.random.default_rng(7).integers(0, 256, (1000, 8), dtype=np.uint8)
    assert built(MultiIndexHashing(), gallery).nbytes == 1000 * (8 + 4 * 4) + 4 * 4 * (2**16 + 1)


def test_what_is_not_packed_is_refused():
    with pytest.raises(ValueError, match="packed"):
        MultiIndexHashing().add(np.zeros((3, 8), dtype=np.float32))
    with pytest.raises(ValueError, match="packed"):
        built(MultiIndexHashing(), np.zeros((3, 8), dtype=np.uint8)).search(np.zeros(8, dtype=np.uint8), 1)
