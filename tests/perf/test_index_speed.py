"""Each index's search, and exact search beside its physical limits and its peers: 13,233 rows of 512 numbers.

The rows are unit vectors around 5,749 centres, as many as LFW has photographs and people. One query is bounded by
reading the gallery once (dot products over the same bytes), a batch by the bare matrix product of the same shapes.
Those 27 MB may fit a processor's cache, so one query is asked of a gallery that fits none as well: there it is memory
that bounds it.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from paired import alone, compare

from benchmarks.system.provenance import usable_cores
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.kmeans import KMeansIndex
from methods.indexes.neighbours import NearestNeighboursIndex

GALLERY, PEOPLE, DIMENSION, BATCH, K = 13_233, 5_749, 512, 256, 20
BEYOND_CACHES = 200_000
TIMES_THE_LIMIT = 1.5


@pytest.fixture(scope="module")
def vectors():
    """Gallery and queries, unit rows."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((PEOPLE, DIMENSION), dtype=np.float32)
    rows = []
    for count in (GALLERY, BATCH):
        noise = 0.5 * rng.standard_normal((count, DIMENSION), dtype=np.float32)
        row = centres[rng.integers(0, PEOPLE, count)] + noise
        rows.append(row / np.linalg.norm(row, axis=1, keepdims=True))
    return rows


@pytest.fixture(scope="module")
def codes():
    """64-bit codes of a gallery and of queries."""
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (count, 8), dtype=np.uint8) for count in (GALLERY, BATCH)]


def built(index, gallery):
    index.add(gallery)
    return index


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_one_query_beside_the_memory_bandwidth(benchmark, vectors, metric):
    gallery, queries = vectors
    _compare_with_reading(benchmark, f"exact search, {metric}, one query", metric, gallery, queries[:64])


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_one_query_of_a_gallery_beyond_caches(benchmark, metric):
    rng = np.random.default_rng(2)
    gallery = rng.standard_normal((BEYOND_CACHES, DIMENSION), dtype=np.float32)
    queries = rng.standard_normal((4, DIMENSION), dtype=np.float32)
    name = f"exact search, {metric}, one query of {BEYOND_CACHES:,} rows"
    _compare_with_reading(benchmark, name, metric, gallery, queries)


def _compare_with_reading(benchmark, name, metric, gallery, queries):
    """Queries one by one, beside as many readings of the gallery, a part to each core."""
    index, parts = built(ExactIndex(metric), gallery), np.array_split(gallery.ravel(), usable_cores())
    with ThreadPoolExecutor(len(parts)) as pool:
        compare(
            benchmark,
            name,
            lambda: [index.search(query[None], K) for query in queries],
            "limit: reading the gallery once, all cores",
            lambda: list(pool.map(lambda part: [np.dot(part, part) for _ in queries], parts)),
            items=len(queries),
            unit="query",
            target=TIMES_THE_LIMIT,
            at_most=True,
            rounds=20,
        )


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_a_batch_beside_the_matrix_product(benchmark, vectors, metric):
    gallery, queries = vectors
    index = built(ExactIndex(metric), gallery)
    compare(
        benchmark,
        f"exact search, {metric}, batch of {BATCH}",
        lambda: index.search(queries, K),
        "limit: the bare matrix product",
        lambda: queries @ gallery.T,
        items=BATCH,
        unit="query",
        target=TIMES_THE_LIMIT,
        at_most=True,
        rounds=30,
    )


@pytest.mark.parametrize("count", [1, BATCH])
def test_exact_search_beside_scikit_learn(benchmark, vectors, count):
    from sklearn.neighbors import NearestNeighbors

    gallery, queries = vectors[0], vectors[1][:count]
    index = built(ExactIndex("l2"), gallery)
    model = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(gallery)
    _compare_search(
        benchmark, "exact search, l2", index, "scikit-learn, brute", lambda: model.kneighbors(queries), queries
    )


@pytest.mark.parametrize("count", [1, BATCH])
def test_exact_search_beside_faiss(benchmark, vectors, count):
    import faiss

    gallery, queries = vectors[0], vectors[1][:count]
    index, theirs = built(ExactIndex("cosine"), gallery), faiss.IndexFlatIP(DIMENSION)
    theirs.add(gallery)
    _compare_search(
        benchmark, "exact search, cosine", index, "faiss, IndexFlatIP", lambda: theirs.search(queries, K), queries
    )


@pytest.mark.parametrize("count", [1, BATCH])
def test_hamming_search_beside_faiss(benchmark, codes, count):
    import faiss

    gallery, queries = codes[0], codes[1][:count]
    index, theirs = built(HammingIndex(), gallery), faiss.IndexBinaryFlat(64)
    theirs.add(gallery)
    _compare_search(
        benchmark,
        "Hamming search, 64 bits",
        index,
        "faiss, IndexBinaryFlat",
        lambda: theirs.search(queries, K),
        queries,
    )


def _compare_search(benchmark, name, index, peer, theirs, queries):
    asked = "one query" if len(queries) == 1 else f"batch of {len(queries)}"
    compare(
        benchmark,
        f"{name}, {asked}",
        lambda: index.search(queries, K),
        peer,
        theirs,
        items=len(queries),
        unit="query",
        rounds=30,
    )


INDEXES = {
    "scikit-learn ball tree": lambda: NearestNeighboursIndex("ball_tree"),
    "scikit-learn k-d tree": lambda: NearestNeighboursIndex("kd_tree"),
    "scikit-learn brute force": lambda: NearestNeighboursIndex("brute"),
    "KMeans, 1 of 6 lists": lambda: KMeansIndex(6, 1),
}


@pytest.mark.parametrize("name", INDEXES)
@pytest.mark.parametrize("count", [1, 32])
def test_searching_an_index(benchmark, vectors, name, count):
    index, queries = built(INDEXES[name](), vectors[0]), vectors[1][:count]
    path = f"search, {name}, " + ("one query" if count == 1 else f"batch of {count}")
    alone(benchmark, path, lambda: index.search(queries, K), items=count, unit="query", most_rounds=50)
