import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from methods.indexes import differing_bits, exact, row_parts
from methods.indexes.differing_bits import differing_bits as bits_between
from methods.indexes.differing_bits import least_differing, whole_words
from methods.indexes.equal_rows import equal_rows
from methods.indexes.exact import ExactIndex
from methods.indexes.hamming import HammingIndex
from methods.indexes.kmeans import KMeansIndex
from methods.indexes.neighbours import NearestNeighboursIndex
from methods.indexes.sign_bits import SignBitsIndex
from methods.indexes.topk import top_k

RNG = np.random.default_rng(7)
GALLERY = RNG.normal(size=(120, 16)).astype(np.float32)
QUERIES = RNG.normal(size=(9, 16)).astype(np.float32)
DISTANCES = np.linalg.norm(QUERIES[:, None].astype(np.float64) - GALLERY, axis=2)
CODES = RNG.integers(0, 256, (200, 8), dtype=np.uint8)

EXACT = {
    "exact": lambda: ExactIndex("l2"),
    "auto": lambda: NearestNeighboursIndex(),
    "ball_tree": lambda: NearestNeighboursIndex("ball_tree"),
    "kd_tree": lambda: NearestNeighboursIndex("kd_tree"),
    "brute": lambda: NearestNeighboursIndex("brute"),
    "every list": lambda: KMeansIndex(clusters=6, nprobe=6),
}
ALL = EXACT | {
    "cosine": lambda: ExactIndex("cosine"),
    "brute cosine": lambda: NearestNeighboursIndex("brute", "cosine"),
    "one list": lambda: KMeansIndex(),
}


def built(index, vectors=GALLERY):
    index.add(vectors)
    return index


@settings(max_examples=60, deadline=None)
@given(scores=arrays.arrays(np.float32, (3, 12), elements=st.integers(-2, 2)), k=st.integers(0, 15))
def test_top_k_is_the_head_of_a_stable_full_sort(scores, k):
    scores[scores == -2] = -np.inf
    ids, best = top_k(scores, k)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    expected = np.take_along_axis(scores, order, axis=1)
    assert ids.dtype == np.int32
    assert np.array_equal(best, expected)
    assert np.array_equal(ids, np.where(np.isneginf(expected), -1, order))


@settings(max_examples=40, deadline=None)
@given(levels=st.sampled_from([3, 40, 10_000]), n=st.integers(90, 1500), k=st.integers(1, 20), seed=st.integers(0, 99))
def test_top_k_of_many_columns_is_the_head_of_a_stable_full_sort(levels, n, k, seed):
    """Crowded ties and hardly any: both ways to the best k."""
    scores = np.random.default_rng(seed).integers(0, levels, (4, n)).astype(np.float32)
    ids, best = top_k(scores, k)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert np.array_equal(ids, order)
    assert np.array_equal(best, np.take_along_axis(scores, order, axis=1))


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("k", [1, 10, 120])
def test_exact_indexes_return_the_true_neighbours(name, k):
    ids, scores = built(EXACT[name]()).search(QUERIES, k)
    assert np.array_equal(ids, np.argsort(DISTANCES, axis=1)[:, :k])
    assert np.allclose(-scores, np.sort(DISTANCES, axis=1)[:, :k], rtol=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_results_have_the_shape_the_contract_names(name):
    index = built(ALL[name]())
    ids, scores = index.search(QUERIES, 500)
    assert ids.shape == scores.shape == (9, 120)
    assert ids.dtype == np.int32 and scores.dtype == np.float32
    assert np.all(scores[:, :-1] >= scores[:, 1:])
    assert np.array_equal(ids == -1, np.isneginf(scores))
    assert index.nbytes >= GALLERY.nbytes


@pytest.mark.parametrize("name", ALL)
def test_an_empty_gallery_has_no_neighbours(name):
    ids, scores = built(ALL[name](), GALLERY[:0]).search(QUERIES, 5)
    assert ids.shape == scores.shape == (9, 0)


@pytest.mark.parametrize("name", ALL)
def test_a_gallery_of_one_and_a_gallery_of_duplicates(name):
    ids, _ = built(ALL[name](), GALLERY[:1]).search(QUERIES, 5)
    assert np.array_equal(ids, np.zeros((9, 1)))
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(UserWarning)
        _, scores = built(ALL[name](), np.repeat(GALLERY[:1], 8, axis=0)).search(GALLERY[:1], 8)
    assert np.ptp(scores) == 0


@pytest.mark.parametrize("factory", [ExactIndex, NearestNeighboursIndex])
def test_l2_and_cosine_rank_unit_vectors_alike(factory):
    gallery = GALLERY / np.linalg.norm(GALLERY, axis=1, keepdims=True)
    queries = QUERIES / np.linalg.norm(QUERIES, axis=1, keepdims=True)
    by_l2, distances = built(factory(metric="l2"), gallery).search(queries, 120)
    by_cosine, cosines = built(factory(metric="cosine"), gallery).search(queries, 120)
    assert np.array_equal(by_l2, by_cosine)
    assert np.allclose(distances**2, 2 - 2 * cosines, atol=1e-5)


def test_distance_keeps_its_digits_far_from_the_origin_and_is_zero_to_itself():
    """|a|^2 + |b|^2 - 2ab alone would give 0 or NaN here: the norms are a million times the distances."""
    cloud = np.concatenate([np.zeros((1, 16)), 1000 + 0.001 * RNG.normal(size=(30, 16))]).astype(np.float32)
    ids, scores = built(ExactIndex("l2"), cloud).search(cloud, 31)
    expected = np.linalg.norm(cloud[:, None].astype(np.float64) - cloud, axis=2)
    assert np.array_equal(ids[:, 0], np.arange(31)) and not scores[:, 0].any()
    # After the move to the mean, a coordinate near 1000 still has float32's spacing there, 6e-5 at worst.
    assert np.allclose(-scores, np.take_along_axis(expected, ids.astype(int), axis=1), rtol=1e-3, atol=2e-4)


def test_cosine_of_a_zero_vector_is_zero():
    _, scores = built(ExactIndex("cosine")).search(np.zeros((1, 16), np.float32), 120)
    assert not scores.any()


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("rows", [1, 120, 6001])
def test_a_query_alone_finds_what_it_finds_among_others(metric, rows):
    """Its products are computed in another way, for a large gallery on several threads."""
    gallery = np.random.default_rng(rows).normal(size=(rows, 128)).astype(np.float32)
    index = built(ExactIndex(metric), gallery)
    together = index.search(gallery[:5], 20)
    for place in range(min(5, rows)):
        ids, scores = index.search(gallery[place : place + 1], 20)
        assert np.array_equal(ids[0], together[0][place])
        assert np.allclose(scores[0], together[1][place], rtol=1e-5, atol=1e-6)


def test_chunks_do_not_show(monkeypatch):
    whole = [built(ExactIndex("l2")).search(GALLERY, 7), built(HammingIndex(), CODES).search(CODES, 7)]
    monkeypatch.setattr(exact, "CHUNK", 250)
    monkeypatch.setattr(row_parts, "PIECE", 500)
    monkeypatch.setattr(differing_bits, "ROOM", 100)
    parts = [built(ExactIndex("l2")).search(GALLERY, 7), built(HammingIndex(), CODES).search(CODES, 7)]
    for (ids, scores), (part_ids, part_scores) in zip(whole, parts, strict=True):
        assert np.array_equal(ids, part_ids)
        assert np.allclose(scores, part_scores, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 20), k=st.integers(1, 30), seed=st.integers(0, 99))
def test_hamming_counts_differing_bits_at_any_width(width, k, seed):
    rng = np.random.default_rng(seed)
    gallery, queries = rng.integers(0, 4, (25, width), dtype=np.uint8), rng.integers(0, 4, (3, width), dtype=np.uint8)
    differing = np.unpackbits(queries[:, None] ^ gallery, axis=2).sum(axis=2, dtype=int)
    ids, scores = built(HammingIndex(), gallery).search(queries, k)
    order = np.argsort(differing, axis=1, kind="stable")[:, :k]
    assert np.array_equal(ids, order)
    assert np.array_equal(-scores, np.take_along_axis(differing, order, axis=1))


@pytest.mark.parametrize("width", [31, 32, 33, 64])
def test_codes_may_differ_in_more_bits_than_a_byte_counts(width):
    gallery = np.stack([np.zeros(width, np.uint8), np.full(width, 255, np.uint8)])
    ids, scores = built(HammingIndex(), gallery).search(gallery, 2)
    assert ids.tolist() == [[0, 1], [1, 0]]
    assert scores.tolist() == [[0, -8 * width]] * 2


def test_hamming_refuses_what_is_not_packed():
    with pytest.raises(ValueError, match="packed"):
        HammingIndex().add(GALLERY)


def test_a_64_bit_code_takes_eight_bytes():
    assert built(HammingIndex(), CODES).nbytes == CODES.nbytes


def test_one_list_holds_only_its_own_cluster_and_more_lists_only_add():
    full, _ = built(ExactIndex("l2")).search(QUERIES, 10)
    recall = []
    for nprobe in (1, 3, 6):
        ids, _ = built(KMeansIndex(nprobe=nprobe)).search(QUERIES, 10)
        recall.append(np.mean([len(set(row) & set(true)) / 10 for row, true in zip(ids, full, strict=True)]))
    assert recall[0] < recall[1] < recall[2] == 1


def test_kmeans_finds_separate_blobs_and_returns_no_more_than_one():
    blobs = np.repeat(np.eye(6, 16, dtype=np.float32) * 100, 5, axis=0) + RNG.normal(size=(30, 16)).astype(np.float32)
    ids, scores = built(KMeansIndex(clusters=6, seed=3), blobs).search(blobs[::5], 30)
    for blob, row in enumerate(ids):
        assert set(row[:5]) == set(range(5 * blob, 5 * blob + 5))
    assert np.all(ids[:, 5:] == -1) and np.all(np.isneginf(scores[:, 5:]))


def test_trees_count_more_than_their_vectors():
    brute, tree = (built(NearestNeighboursIndex(algorithm)).nbytes for algorithm in ("brute", "ball_tree"))
    assert brute == GALLERY.nbytes < tree < 10 * brute


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="nprobe"):
        KMeansIndex(clusters=3, nprobe=4)
    with pytest.raises(ValueError, match="brute"):
        NearestNeighboursIndex("ball_tree", "cosine")
    with pytest.raises(ValueError, match="metric"):
        ExactIndex("hamming")


@pytest.mark.parametrize("width", [8, 20, 64])
@pytest.mark.parametrize("room", [1, 1 << 12, 1 << 24])
def test_the_least_differing_codes_are_the_first_of_all_sorted(monkeypatch, width, room):
    monkeypatch.setattr(differing_bits, "ROOM", room)
    codes = np.random.default_rng(width).integers(0, 2, (700, width), dtype=np.uint8)
    padded = whole_words(codes)
    expected = np.unpackbits(codes[:5, None] ^ codes[None], axis=2).sum(axis=2)
    assert np.array_equal(bits_between(padded[:5], padded), expected)
    order = np.argsort(expected, axis=1, kind="stable")
    for k in (1, 7, 40, 350, 351, 700, 900):
        ids, bits = least_differing(padded, padded[:5], k)
        assert np.array_equal(ids, order[:, :k])
        assert np.array_equal(bits, np.take_along_axis(expected, ids, axis=1))


def test_codes_of_two_lengths_are_refused():
    index = built(HammingIndex(), np.zeros((9, 16), np.uint8))
    for k in (1, 9):
        with pytest.raises(ValueError, match="8 bytes cannot be compared with codes of 16"):
            index.search(np.zeros((1, 8), np.uint8), k)
    with pytest.raises(ValueError, match="cannot be compared"):
        bits_between(np.zeros((1, 8), np.uint8), np.zeros((1, 16), np.uint8))


@settings(max_examples=40, deadline=None)
@given(views=st.integers(1, 8), k=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_query_of_several_views_scores_by_the_nearest(views, k, seed):
    rng = np.random.default_rng(seed)
    gallery, queries = rng.choice([-1, 1], (30, views * 12)), rng.choice([-1, 1], (3, views * 12))
    differing = (gallery[None, None, :, :12] != queries.reshape(3, views, 1, 12)).sum(axis=3).min(axis=1)
    order = np.argsort(differing, axis=1, kind="stable")[:, :k]
    ids, scores = built(SignBitsIndex(views), gallery.astype(np.float32)).search(queries.astype(np.float32), k)
    assert np.array_equal(ids, order)
    assert np.allclose(scores, 1 - np.take_along_axis(differing, order, axis=1) / 6)


@settings(max_examples=60, deadline=None)
@given(
    values=arrays.arrays(
        np.float32, st.tuples(st.integers(0, 40), st.integers(1, 3)), elements=st.sampled_from([0, 1, -2])
    )
)
def test_rows_equal_to_an_earlier_one_name_the_first(values):
    later, first = equal_rows(values)
    rows = [row.tobytes() for row in values]
    expected = [(place, rows.index(row)) for place, row in enumerate(rows) if rows.index(row) != place]
    assert list(zip(later.tolist(), first.tolist(), strict=True)) == expected


def test_rows_that_share_a_digest_are_not_taken_for_equal(monkeypatch):
    monkeypatch.setattr("methods.indexes.equal_rows._digests", lambda rows: np.zeros(len(rows), dtype=np.uint64))
    later, first = equal_rows(np.array([[1], [2], [1], [2]], dtype=np.float32))
    assert later.tolist() == [2] and first.tolist() == [0]


@pytest.mark.parametrize("metric", ["l2", "cosine"])
@pytest.mark.parametrize("queries", [1, 2, 7, 41])
def test_equal_rows_tie_wherever_they_lie(metric, queries):
    """BLAS rounds a product by the row's place in the matrix: its kernels treat edges apart."""
    rng = np.random.default_rng(queries)
    rows, asked = (rng.normal(size=(count, 100)).astype(np.float32) for count in (7, queries))
    ids, scores = built(ExactIndex(metric), rows[np.arange(301) % 7]).search(asked, 301)
    for found, given_ in zip(scores, ids, strict=True):
        assert [np.ptp(found[given_ % 7 == row]) for row in range(7)] == [0] * 7
