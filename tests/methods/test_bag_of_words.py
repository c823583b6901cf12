import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from methods.conformance_images import odd_images, structured_images
from methods.local_features.aggregated_search import AggregatedSearch, bag_of_words_search, vlad_search
from methods.local_features.bag_of_words import BagOfWords, inverse_document_frequency
from methods.local_features.reranking import rerank_best
from methods.local_features.vocabulary import Vocabulary, learn_vocabulary
from methods.small_products import blas_threads

A, B, C = np.eye(3, dtype=np.float32)
IMAGES = structured_images(labels=6, each=3)
GALLERY, QUERIES = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))
BUILDS = {"bag of words": lambda **more: bag_of_words_search(50, **more), "vlad": lambda **more: vlad_search(4, **more)}


def indexed(method, gallery=GALLERY):
    method.fit(gallery)
    method.index(gallery)
    return method


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 7), st.integers(0, 99))
def test_a_descriptors_word_is_the_nearest(n, words, seed):
    rng = np.random.default_rng(seed)
    descriptors, centroids = rng.normal(size=(n, 5)), rng.normal(size=(words, 5)) * rng.uniform(0.5, 2, (words, 1))
    distances = np.linalg.norm(descriptors[:, None] - centroids, axis=2)
    assert np.array_equal(Vocabulary(centroids).nearest(descriptors), distances.argmin(axis=1))


def test_the_words_are_the_middles_of_the_clusters():
    rng = np.random.default_rng(0)
    middles = 10 * np.eye(4, dtype=np.float32)
    descriptors = np.repeat(middles, 30, axis=0) + rng.normal(0, 0.1, (120, 4)).astype(np.float32)
    words = learn_vocabulary(descriptors, 4, seed=0).words
    assert np.allclose(words[np.argsort(words.argmax(axis=1))], middles, atol=0.2)
    assert np.array_equal(words, learn_vocabulary(descriptors, 4, seed=0).words)


def test_there_are_never_more_words_than_descriptors():
    assert len(learn_vocabulary(np.stack([A, B]), 100, seed=0)) == 2
    assert len(learn_vocabulary(np.empty((0, 3), np.float32), 100, seed=0)) == 0


def test_tf_idf_of_a_tiny_vocabulary_is_what_paper_and_pencil_give():
    # Word A is in both images, B and C in one each: their weights are log(3 / 3), log(3 / 2), log(3 / 2).
    bag = BagOfWords(words=3)
    bag.fit([np.stack([A, A, B]), np.stack([A, C, C, C, C])])
    once = np.sqrt(1) * np.log(3 / 2)
    four_times = np.sqrt(4) * np.log(3 / 2)
    vector = bag.vector(np.stack([A, A, A, B, C, C, C, C]))
    assert sorted(vector) == pytest.approx(
        [0, once / np.hypot(once, four_times), four_times / np.hypot(once, four_times)]
    )


def test_a_word_that_all_images_have_says_nothing_and_one_that_none_has_says_most():
    assert inverse_document_frequency(np.array([[3, 1, 0], [1, 0, 0]])) == pytest.approx(np.log([1, 3 / 2, 3]))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 99))
def test_a_bag_has_length_one_and_no_order(n, seed):
    rng = np.random.default_rng(seed)
    bag = BagOfWords(words=6)
    bag.fit([rng.random((5, 8), dtype=np.float32) for _ in range(4)])
    descriptors = rng.random((n, 8), dtype=np.float32)
    vector = bag.vector(descriptors)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) or not vector.any()
    assert np.allclose(bag.vector(rng.permutation(descriptors)), vector)


def test_verification_multiplies_the_best_and_ties_with_the_last_of_them():
    scores = np.array([5, 1, 3, 3, 2, 0], dtype=np.float32)
    asked = []
    reranked = rerank_best(scores, 2, lambda image: asked.append(image) or 4)
    assert asked == [0, 2, 3] and list(reranked) == [25, 1, 15, 15, 2, 0] and scores[0] == 5
    assert list(rerank_best(scores[5:], 3, lambda image: 9)) == [0]
    assert len(rerank_best(scores[:0], 3, lambda image: 9)) == 0


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("verify", [False, True])
def test_pictures_of_one_drawing_find_each_other(name, verify):
    ranking = indexed(BUILDS[name](verify=verify)).search(QUERIES, 6)
    assert np.mean(ranking.ids[:, 0] == np.arange(6)) >= 5 / 6


@pytest.mark.parametrize("name", BUILDS)
def test_verified_scores_are_the_plain_ones_times_one_and_the_inliers(name):
    plain = indexed(BUILDS[name]()).search(QUERIES, 6)
    checked = indexed(BUILDS[name](verify=True)).search(QUERIES, 6)
    order = [np.argsort(ranking.ids, axis=1) for ranking in (plain, checked)]
    before, after = (np.take_along_axis(r.scores, o, 1) for r, o in zip((plain, checked), order, strict=True))
    factors = after / before
    assert np.allclose(factors, np.round(factors), atol=1e-3) and factors.min() >= 1 and factors.max() >= 4


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("verify", [False, True])
def test_an_image_without_keypoints_scores_lowest_and_finds_all_equal(name, verify):
    blank = odd_images().take([3])
    method = BUILDS[name](verify=verify)
    method.fit(GALLERY)
    method.index(blank)
    assert list(method.search(QUERIES, 1).scores[:, 0]) == [0] * 6
    method.index(GALLERY)
    nothing = method.search(blank, 6)
    assert np.ptp(nothing.scores) == 0 and not nothing.undetected.any()
    assert method.search(QUERIES, 6).scores.min() > 0


@pytest.mark.parametrize("name", BUILDS)
def test_a_gallery_without_any_keypoint_is_one_tie(name):
    blanks = odd_images().take([0, 3, 4])
    ranking = indexed(BUILDS[name](), blanks).search(QUERIES, 3)
    assert not ranking.scores.any() and (ranking.ids >= 0).all()


def test_what_is_learned_is_bounded_by_the_sample():
    class Counting(BagOfWords):
        def fit(self, images):
            self.seen = len(images)
            super().fit(images)

    aggregation = Counting(words=5)
    AggregatedSearch(aggregation, sample=4).fit(IMAGES)
    assert aggregation.seen == 4


@pytest.mark.parametrize("build", [bag_of_words_search, vlad_search])
def test_the_small_products_of_each_image_are_on_one_thread(build, monkeypatch):
    """Several threads wait for each other there: four times the processor time where two cells run side by side."""
    seen = []
    nearest = Vocabulary.nearest

    def watching(self, descriptors):
        seen.append(blas_threads())
        return nearest(self, descriptors)

    images = structured_images(labels=3, each=2)
    monkeypatch.setattr(Vocabulary, "nearest", watching)
    with threadpool_limits(limits=2, user_api="blas"):
        before, method = blas_threads(), build(20)
        for step in (method.fit, method.index, lambda queries: method.search(queries, 3)):
            step(images)
            assert seen and set(seen) == {1}
            seen.clear()
        assert blas_threads() == before


def test_verifying_keeps_the_features():
    assert indexed(bag_of_words_search(50, verify=True)).nbytes > indexed(bag_of_words_search(50)).nbytes > 0
