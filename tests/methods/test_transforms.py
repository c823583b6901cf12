"""PCA, truncation, unit length and the untrained layer: what they keep, and what they learn from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import DataError
from methods.contracts import Transform
from methods.indexes.exact import ExactIndex
from methods.transforms.normalise import L2Normalise
from methods.transforms.pca import Pca
from methods.transforms.projection import RandomDense
from methods.transforms.truncation import Truncation
from methods.vector_method import VectorMethod


def rows(count, dimension, seed=0, spread=None):
    values = np.random.default_rng(seed).normal(size=(count, dimension)) + 3
    return (values * (1 if spread is None else spread)).astype(np.float32)


def fitted(transform, vectors):
    transform.fit(vectors)
    return transform


@pytest.mark.parametrize("transform", [Pca(3), Pca(3, whiten=True), Truncation(3), L2Normalise(), RandomDense(3)])
def test_each_is_a_transform_that_leaves_its_input_alone(transform):
    gallery, queries = rows(20, 8), rows(4, 8, seed=1)
    assert isinstance(transform, Transform)
    copies = gallery.copy(), queries.copy()
    mapped = fitted(transform, gallery).apply(queries)
    assert mapped.dtype == np.float32
    assert mapped.shape == (4, 8 if isinstance(transform, L2Normalise) else 3)
    for now, before in zip((gallery, queries), copies, strict=True):
        np.testing.assert_array_equal(now, before)
    assert transform.apply(queries[:0]).shape == (0, mapped.shape[1])
    np.testing.assert_allclose(np.concatenate([transform.apply(query[None]) for query in queries]), mapped, atol=1e-5)


# PCA


def test_pca_is_the_projection_on_the_right_singular_vectors():
    gallery, queries = rows(30, 6, spread=np.arange(6, 0, -1)), rows(5, 6, seed=1)
    _, _, directions = np.linalg.svd(gallery - gallery.mean(axis=0))
    expected = (queries - gallery.mean(axis=0)) @ directions[:4].T
    np.testing.assert_allclose(np.abs(fitted(Pca(4), gallery).apply(queries)), np.abs(expected), atol=1e-3)


def test_all_components_keep_all_distances():
    gallery = rows(30, 6)
    mapped = fitted(Pca(6), gallery).apply(gallery)
    before = np.linalg.norm(gallery[:, None] - gallery, axis=2)
    np.testing.assert_allclose(np.linalg.norm(mapped[:, None] - mapped, axis=2), before, atol=1e-4)


def test_whitened_components_vary_alike_and_apart():
    gallery = rows(200, 6, spread=[9, 5, 3, 1, 0.5, 0.1])
    mapped = fitted(Pca(5, whiten=True), gallery).apply(gallery)
    np.testing.assert_allclose(np.cov(mapped.T), np.eye(5), atol=1e-2)


def test_a_small_gallery_cuts_the_components_and_says_so():
    pca = fitted(Pca(150, whiten=True), rows(12, 64))
    assert (pca.components, pca.kept) == (150, 11)
    assert pca.apply(rows(3, 64)).shape == (3, 11)


@pytest.mark.parametrize("whiten", [False, True])
def test_repeated_images_add_no_direction_and_no_noise(whiten):
    few = rows(5, 64)
    pca = fitted(Pca(20, whiten=whiten), np.repeat(few, 8, axis=0))
    assert pca.kept == 4
    np.testing.assert_allclose(pca.apply(few), fitted(Pca(20, whiten=whiten), np.repeat(few, 8, axis=0)).apply(few))
    assert np.abs(pca.apply(few)).max() < 1e3


def test_faint_directions_are_kept():
    gallery = rows(300, 40, spread=np.geomspace(1, 3e-3, 40))
    assert fitted(Pca(40, whiten=True), gallery).kept == 40


def test_the_randomised_solver_is_seeded():
    gallery = rows(600, 700)
    np.testing.assert_array_equal(fitted(Pca(50), gallery).apply(gallery), fitted(Pca(50), gallery).apply(gallery))


@pytest.mark.parametrize("gallery", [rows(1, 4), rows(0, 4), np.ones((5, 4), np.float32)], ids=["one", "none", "same"])
def test_a_gallery_that_does_not_vary_is_an_error_in_one_line(gallery):
    with pytest.raises(DataError, match="PCA") as error:
        Pca(2).fit(gallery)
    assert "\n" not in str(error.value)


# Truncation, unit length


def test_truncation_keeps_the_first_numbers():
    np.testing.assert_array_equal(fitted(Truncation(3), rows(2, 8)).apply(rows(2, 8)), rows(2, 8)[:, :3])
    with pytest.raises(ValueError, match="9"):
        Truncation(9).fit(rows(2, 8))


def test_unit_length_but_for_zeros():
    mapped = L2Normalise().apply(np.array([[3, 4], [0, 0], [1e-9, 0]], dtype=np.float32))
    np.testing.assert_allclose(mapped, [[0.6, 0.8], [0, 0], [1, 0]], atol=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(2, 40))
def test_on_unit_vectors_l2_and_cosine_rank_alike(seed, dimension, count):
    rng = np.random.default_rng(seed)
    unit = L2Normalise().apply(rng.normal(size=(count + 3, dimension)).astype(np.float32))
    gallery, queries = unit[3:], unit[:3]
    ids, cosines = {}, {}
    for metric in ("l2", "cosine"):
        index = ExactIndex(metric)
        index.add(gallery)
        ids[metric], scores = index.search(queries, count)
        cosines[metric] = scores if metric == "cosine" else 1 - scores**2 / 2
    # Neighbours closer to each other than rounding may change places: their cosines say that they are.
    np.testing.assert_allclose(cosines["l2"], cosines["cosine"], atol=1e-5)
    swapped = ids["l2"] != ids["cosine"]
    exact = np.take_along_axis(queries.astype(np.float64) @ gallery.T.astype(np.float64), ids["cosine"], axis=1)
    other = np.take_along_axis(queries.astype(np.float64) @ gallery.T.astype(np.float64), ids["l2"], axis=1)
    assert (np.abs(exact - other)[swapped] < 1e-5).all()


# The untrained layer


def test_an_untrained_layer_is_what_keras_would_start_with():
    keras = pytest.importorskip("keras")
    layer = keras.layers.Dense(256, use_bias=False)
    layer.build((None, 64))
    ours = fitted(RandomDense(256), rows(2, 64)).apply(np.eye(64, dtype=np.float32))
    limit = np.sqrt(6 / (64 + 256))
    for kernel in (ours, np.asarray(layer.kernel)):
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)


def test_an_untrained_layer_keeps_distances_in_proportion_and_is_seeded():
    vectors = rows(12, 64)
    mapped = fitted(RandomDense(4096), vectors).apply(vectors)
    upper = np.triu_indices(12, 1)
    ratio = (
        np.linalg.norm(mapped[:, None] - mapped, axis=2)[upper]
        / np.linalg.norm(vectors[:, None] - vectors, axis=2)[upper]
    )
    assert ratio.std() < 0.05 * ratio.mean()
    np.testing.assert_array_equal(fitted(RandomDense(4096), vectors).apply(vectors), mapped)
    assert not np.allclose(fitted(RandomDense(4096, seed=1), vectors).apply(vectors), mapped)


class InPlace:
    def fit(self, vectors):
        pass

    def apply(self, vectors):
        vectors += 1
        return vectors


@pytest.mark.parametrize("step", ["fit", "index"])
def test_rows_that_others_hold_too_are_not_changed_by_a_transform(step):
    """A search keeps one copy of its rows: they would be transformed once more by each step."""
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    method = VectorMethod(None, [InPlace()], ExactIndex("l2"), lambda encoder, images: rows)
    with pytest.raises(ValueError, match="read-only"):
        getattr(method, step)(None)
    assert np.array_equal(rows, np.arange(12).reshape(4, 3))
    assert rows.flags.writeable
