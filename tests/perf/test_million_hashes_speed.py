"""Exact search among a million 64-bit hashes, single queries: run with `--benchmark-only`.

Where a copy of the query is there (two bits differ), and where nothing is near: then multi-index hashing has to scan.
"""

import numpy as np
import pytest
from paired import compare

from methods.indexes.hamming import HammingIndex
from methods.indexes.multi_index_hashing import MultiIndexHashing

CODES, QUERIES = 1_000_000, 20


@pytest.fixture(scope="module")
def gallery():
    return np.random.default_rng(0).integers(0, 256, (CODES, 8), dtype=np.uint8)


def queries_of(gallery, kind):
    """Codes (q, 8) and how many neighbours are asked for."""
    if kind == "nothing near":
        return np.random.default_rng(1).integers(0, 256, (QUERIES, 8), dtype=np.uint8), 20
    flipped = np.packbits(np.isin(np.arange(64), [3, 40]))
    return gallery[:: CODES // QUERIES] ^ flipped, 1


@pytest.mark.parametrize("kind", ["a copy there", "nothing near"])
@pytest.mark.parametrize("name", ["HammingIndex", "multi-index hashing"])
def test_a_million_hashes_beside_faiss(benchmark, gallery, name, kind):
    import faiss

    queries, k = queries_of(gallery, kind)
    index = {"HammingIndex": HammingIndex, "multi-index hashing": MultiIndexHashing}[name]()
    index.add(gallery)
    theirs = faiss.IndexBinaryFlat(64)
    theirs.use_heap = False
    theirs.add(gallery)
    compare(
        benchmark,
        f"a million 64-bit hashes, {name}, {kind}, k = {k}",
        lambda: [index.search(query[None], k) for query in queries],
        "faiss, IndexBinaryFlat",
        lambda: [theirs.search(query[None], k) for query in queries],
        items=QUERIES,
        unit="query",
        rounds=15,
    )
