import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from benchmarks.metrics.judgement import judge
from benchmarks.metrics.ranking import hit
from datasets.distortions import distorted_copies
from datasets.imageset import ImageSet, Item
from methods.conformance_images import MemorySource, odd_images, structured_images
from methods.local_features import descriptor_index, indexed_search
from methods.local_features.descriptor_index import DescriptorIndex, Neighbours, learn_lists
from methods.local_features.indexed_search import IndexedSearch, count_votes
from methods.sift import SiftMatching
from methods.sift_features import unit_descriptors

IMAGES = structured_images(labels=6, each=3)
GALLERY, QUERIES = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))


def indexed(gallery, **settings):
    method = IndexedSearch(**settings)
    method.fit(gallery)
    method.index(gallery)
    return method


def descriptors(rng, count):
    return rng.integers(0, 256, (count, 128)).astype(np.uint8)


def neighbours(*rows):
    """From one list a query descriptor of (squared distance, image, row), nearest first."""
    squared, image, row = np.moveaxis(np.array(rows, dtype=float), 2, 0)
    return Neighbours(squared.astype(np.float32), image.astype(np.int64), row.astype(np.int64))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(1, 4), st.integers(1, 9))
def test_with_all_lists_probed_the_index_finds_the_nearest_descriptors(counts, m, k):
    rng = np.random.default_rng(sum(counts) + m)
    gallery, query = [descriptors(rng, count) for count in counts], descriptors(rng, m)
    found = DescriptorIndex(gallery, nprobe=1000).search(query, k)
    everything = unit_descriptors(np.concatenate(gallery), root=True)
    exact = np.sort(2 - 2 * unit_descriptors(query, root=True) @ everything.T, axis=1)[:, :k]
    assert np.allclose(found.squared[:, : exact.shape[1]], exact, atol=0.01)
    assert np.isinf(found.squared[:, exact.shape[1] :]).all() and (found.image[:, exact.shape[1] :] == -1).all()
    for squared, image, row, vector in zip(found.squared, found.image, found.row, query, strict=True):
        for distance, i, r in zip(squared[image >= 0], image[image >= 0], row[image >= 0], strict=True):
            pair = unit_descriptors(np.stack([vector, gallery[i][r]]), root=True)
            assert distance == pytest.approx(2 - 2 * pair[0] @ pair[1], abs=0.01)


def test_an_index_built_in_chunks_is_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    gallery, query = [descriptors(rng, 9) for _ in range(5)], descriptors(rng, 3)
    whole = DescriptorIndex(gallery, nprobe=2).search(query, 4)
    monkeypatch.setattr(descriptor_index, "CHUNK", 7)
    chunked = DescriptorIndex(gallery, nprobe=2).search(query, 4)
    assert np.array_equal(whole.image, chunked.image) and np.array_equal(whole.squared, chunked.squared)


def test_lists_are_learned_once_of_the_same_images(tmp_path, monkeypatch):
    fresh = indexed(GALLERY).search(QUERIES, 6)
    learned = []
    monkeypatch.setattr(indexed_search, "learn_lists", lambda *of: (learned.append(1), learn_lists(*of))[1])
    for gallery, count in ((GALLERY, 1), (GALLERY, 1), (GALLERY.take(range(5)), 2), (GALLERY, 2)):
        method = IndexedSearch()
        method.reuse(tmp_path)
        method.index(gallery)
        assert sum(learned) == count
    found = method.search(QUERIES, 6)
    assert np.array_equal(found.ids, fresh.ids) and np.array_equal(found.scores, fresh.scores)
    method.reuse(None)
    method.index(GALLERY)
    assert sum(learned) == 3, "what is timed is learned afresh"


def test_nothing_indexed_or_nothing_asked_finds_nothing():
    rng = np.random.default_rng(0)
    some, none = descriptors(rng, 5), np.empty((0, 128), np.uint8)
    assert (DescriptorIndex([none, none], nprobe=2).search(some, 3).image == -1).all()
    assert DescriptorIndex([some], nprobe=2).search(none, 3).image.shape == (0, 3)


def test_a_vote_weighs_what_the_neighbour_is_nearer_than_the_background():
    votes = count_votes(neighbours([(0.1, 4, 0), (0.3, 2, 5), (0.6, 4, 1)], [(0.2, 4, 3), (0.5, 1, 0), (0.5, 2, 0)]))
    assert list(votes.image) == [2, 4, 4] and list(votes.left) == [0, 0, 1] and list(votes.right) == [5, 0, 3]
    assert votes.weight == pytest.approx([0.3, 0.5, 0.3])
    assert votes.of(4) == slice(1, 3) and votes.of(3) == slice(1, 1)


def test_a_descriptor_votes_once_for_an_image_with_its_nearest_there():
    votes = count_votes(neighbours([(0.1, 7, 2), (0.2, 7, 1), (0.3, 7, 0), (0.9, 1, 0)]))
    assert list(votes.image) == [7] and list(votes.right) == [2] and votes.weight == pytest.approx([0.8])


def test_where_fewer_neighbours_are_found_the_last_is_the_background():
    votes = count_votes(neighbours([(0.1, 0, 0), (0.4, 1, 0), (np.inf, -1, -1)], [(np.inf, -1, -1)] * 3))
    assert list(votes.image) == [0] and votes.weight == pytest.approx([0.3])


def test_pictures_of_one_drawing_find_each_other():
    ranking = indexed(GALLERY).search(QUERIES, 6)
    assert np.array_equal(ranking.ids[:, 0], np.arange(6))


def test_verified_images_are_lifted_by_one_and_their_inliers():
    plain, checked = (indexed(GALLERY, shortlist=shortlist).search(QUERIES, 6) for shortlist in (1, 6))
    assert np.array_equal(plain.ids[:, 0], checked.ids[:, 0])
    assert np.allclose(plain.scores[:, 0], checked.scores[:, 0])
    assert (checked.scores[:, 1:].sum() >= plain.scores[:, 1:].sum()) and (plain.scores[:, 1:] >= 0).all()


def test_an_image_without_keypoints_scores_zero_and_as_a_query_finds_all_equal():
    blank = odd_images().take([3])
    pictures = {item.id: image for images in (GALLERY, blank) for item, image in zip(images.items, images, strict=True)}
    method = indexed(ImageSet([*GALLERY.items, *blank.items], MemorySource(pictures)))
    ranking = method.search(QUERIES, 7)
    assert (ranking.scores[ranking.ids == 6] == 0).all()
    nothing = method.search(blank, 7)
    assert not nothing.scores.any() and not nothing.undetected.any()
    assert not indexed(blank).search(QUERIES, 1).scores.any()


def test_the_index_counts_its_bytes():
    rng = np.random.default_rng(0)
    gallery = [descriptors(rng, 100) for _ in range(4)]
    assert 400 * 128 < DescriptorIndex(gallery, nprobe=2).nbytes < 400 * 128 * 2
    assert DescriptorIndex([], nprobe=2).nbytes > 0


@pytest.fixture(scope="module")
def thumbnails(data_dir):
    """CIFAR-10 pictures and their cropped and rotated copies: small enough that plain matching is often wrong."""
    records = np.fromfile(data_dir / "cifar10" / "cifar-10-batches-bin" / "data_batch_1.bin", np.uint8, 3073 * 300)
    pixels = records.reshape(-1, 3073)[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    pictures = {str(number): picture for number, picture in enumerate(pixels)}
    gallery = ImageSet([Item(number, number) for number in pictures], MemorySource(pictures))
    return gallery, distorted_copies(gallery.take(range(0, 300, 3)), ("crop", "rotate"))


def hits(method, thumbnails):
    """How often the original comes first, ties at their expectation, for crop and for rotate."""
    gallery, copies = thumbnails
    method.fit(gallery)
    method.index(gallery)
    found = hit(judge(method.search(copies, len(gallery)), gallery.labels, copies.labels), 1)
    return np.array([found[0::2].mean(), found[1::2].mean()])


def test_verified_sift_and_the_index_beat_plain_sift_under_crop_and_rotation(thumbnails):
    with threadpool_limits(1):  # small products: threads would wait for each other
        plain, verified, through_index = (
            hits(method, thumbnails) for method in (SiftMatching(), SiftMatching(verify=True), IndexedSearch())
        )
    assert (verified >= plain).all() and verified.sum() > plain.sum()
    assert (through_index >= plain).all()
