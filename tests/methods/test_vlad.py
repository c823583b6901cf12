import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.local_features.vlad import Vlad, aggregate, unit
from methods.local_features.vocabulary import Vocabulary


def random_images(seed, count=12, each=15, d=8):
    rng = np.random.default_rng(seed)
    return [rng.random((each, d), dtype=np.float32) for _ in range(count)]


def test_residuals_of_a_tiny_vocabulary_are_what_paper_and_pencil_give():
    vocabulary = Vocabulary(np.array([[0, 0], [10, 0]], dtype=np.float32))
    descriptors = np.array([[1, 0], [2, 4], [10, -5]], dtype=np.float32)
    # Word one collects (1, 0) + (2, 4) = (3, 4), at unit length (0.6, 0.8); word two (0, -5), at unit length (0, -1).
    expected = np.array([np.sqrt(0.6), np.sqrt(0.8), 0, -1])
    assert aggregate(descriptors, vocabulary) == pytest.approx(expected / np.linalg.norm(expected))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 99))
def test_the_vector_has_length_one_and_the_descriptors_no_order(n, words, seed):
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary(rng.random((words, 8), dtype=np.float32))
    descriptors = rng.random((n, 8), dtype=np.float32)
    vector = aggregate(descriptors, vocabulary)
    assert vector.shape == (words * 8,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert np.allclose(aggregate(rng.permutation(descriptors), vocabulary), vector, atol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 99))
def test_no_word_weighs_more_than_another_whatever_its_burst(n, words, seed):
    rng = np.random.default_rng(seed)
    vocabulary = Vocabulary(rng.random((words, 8), dtype=np.float32))
    # Power-normalised blocks have the L1 norm that they had as squares: 1 before the whole is brought to length one.
    blocks = (aggregate(rng.random((n, 8), dtype=np.float32), vocabulary) ** 4).reshape(words, 8).sum(axis=1)
    assert np.ptp(blocks[blocks > 0]) < 1e-5


def test_no_descriptors_or_no_words_give_nothing():
    words = Vocabulary(np.ones((2, 3), dtype=np.float32))
    assert list(aggregate(np.empty((0, 3), np.float32), words)) == [0] * 6
    assert aggregate(np.ones((4, 3), np.float32), Vocabulary(np.empty((0, 3), np.float32))).shape == (0,)


@pytest.mark.parametrize("whiten", [False, True])
def test_the_reduced_vector_has_length_one_and_as_many_numbers_as_asked(whiten):
    images = random_images(0)
    vlad = Vlad(words=4, components=5, whiten=whiten)
    vlad.fit(images)
    vector = vlad.vector(images[0])
    assert vector.shape == (5,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_with_all_components_nothing_but_the_mean_is_lost():
    images = random_images(1)
    vlad = Vlad(words=4, components=100, whiten=False)
    vlad.fit(images)
    whole = np.stack([aggregate(descriptors, vlad._vocabulary) for descriptors in images])
    centred = unit(whole - whole.mean(axis=0))
    reduced = np.stack([vlad.vector(descriptors) for descriptors in images])
    assert np.allclose(reduced @ reduced.T, centred @ centred.T, atol=1e-4)


@pytest.mark.parametrize("count", [1, 3])
def test_a_gallery_that_does_not_vary_is_not_reduced(count):
    image = random_images(2)[0]
    vlad = Vlad(words=4, components=5, whiten=True)
    vlad.fit([image] * count + [image[:0]])
    assert vlad.vector(image).shape == (32,)


def test_unit_leaves_zero_alone():
    assert np.array_equal(unit(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])
