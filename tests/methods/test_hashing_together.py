"""Hashes of many images at once: the resize against Pillow's, the hashes against imagehash's, one by one."""

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from real_images import cifar_images

from methods.encoders import hashes, lanczos
from methods.encoders.hashes import FUNCTIONS, PerceptualHash
from methods.encoders.lanczos import filters, grey, resize

SHAPES = [(32, 32), (64, 64), (250, 250), (100, 40), (60, 40), (40, 100), (61, 97), (5, 7), (1, 3), (3, 1300)]
SIZES = [(32, 32), (8, 9), (8, 8), (64, 64)]


def one_by_one(kind, images, hash_size=8):
    function = getattr(imagehash, FUNCTIONS[kind])
    return np.packbits([function(Pillow.fromarray(i), hash_size=hash_size).hash.ravel() for i in images], axis=1)


def pictures(shape, count, seed=0):
    """Noise, black and white noise (the resize rings and is clipped), flat grey, and a gradient, in turn."""
    rng = np.random.default_rng(seed)
    makers = [
        lambda: rng.integers(0, 256, (*shape, 3), dtype=np.uint8),
        lambda: rng.choice(np.array([0, 255], dtype=np.uint8), (*shape, 3)),
        lambda: np.full((*shape, 3), rng.integers(0, 256), dtype=np.uint8),
        lambda: np.linspace(0, 255, shape[0] * shape[1] * 3).reshape(*shape, 3).astype(np.uint8),
    ]
    return [makers[number % len(makers)]() for number in range(count)]


def test_every_colour_has_pillows_grey():
    values = np.arange(0, 256, 3, dtype=np.uint8)
    colours = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(1, -1, 3)
    assert np.array_equal(grey([colours])[0], np.asarray(Pillow.fromarray(colours).convert("L")))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES)
def test_a_resize_has_pillows_pixels(shape, size):
    images = np.stack([picture[..., 0] for picture in pictures(shape, 8)])
    theirs = [np.asarray(Pillow.fromarray(i).resize(size[::-1], Pillow.Resampling.LANCZOS)) for i in images]
    assert lanczos.can_resize(shape, size)
    assert np.array_equal(resize(images, size), theirs)


@pytest.mark.parametrize("size", SIZES)
def test_sums_that_lie_on_a_half_are_summed_exactly(size):
    """Squares of two neighbouring grey levels: filtered, very many pixels come out near the middle between them."""
    rng = np.random.default_rng(3)
    blocks = rng.integers(100, 102, (8, 25, 25), dtype=np.uint8)
    images = np.repeat(np.repeat(blocks, 10, axis=1), 10, axis=2)
    theirs = [np.asarray(Pillow.fromarray(i).resize(size[::-1], Pillow.Resampling.LANCZOS)) for i in images]
    assert np.array_equal(resize(images, size), theirs)


def test_a_sum_within_the_error_of_a_half_is_not_trusted():
    sums = np.array([[10.2, 10.4999, 10.5001, 255.9, -3.0]], dtype=np.float32)
    asked = []

    def summed(row, column):
        asked.append(column.tolist())
        return np.array([10.50001, 10.49999])

    assert lanczos._rounded(sums, 0.001, summed).tolist() == [[10, 11, 10, 255, 0]]
    assert asked == [[1, 2]]


def test_weights_of_an_output_add_up_to_one():
    sums = np.zeros(9)
    for part in filters(250, 9):
        sums[part.outputs] += part.exact.sum(axis=1)
    assert sums == pytest.approx(1, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), high=st.sampled_from([1, 7, 255]), length=st.sampled_from([20, 97, 250]))
def test_float32_sums_are_no_further_off_than_said(seed, high, length):
    pixels = np.random.default_rng(seed).integers(0, high + 1, (40, length)).astype(np.float32)
    for part in filters(length, 8):
        exact = pixels[:, part.inputs].astype(np.float64) @ part.exact.T
        assert np.abs(pixels[:, part.inputs] @ part.weights.T - exact).max() <= part.error


def test_very_long_rows_are_left_to_imagehash():
    assert not lanczos.can_resize((250, 100_000), (8, 8))


def test_wavelet_bits_of_equal_sums_are_imagehashs():
    """Few grey levels leave many blocks with the very sum that the median has."""
    rng = np.random.default_rng(2)
    images = [np.repeat(rng.integers(100, 103, (16, 16, 1), dtype=np.uint8), 3, axis=2) for _ in range(40)]
    assert np.array_equal(PerceptualHash("whash").encode(images), one_by_one("whash", images))


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("hash_size", [4, 16])
def test_hashes_together_are_those_one_by_one(kind, hash_size):
    images = [picture for shape in SHAPES[2:7] for picture in pictures(shape, 12)]
    order = np.random.default_rng(1).permutation(len(images))
    images = [images[place] for place in order]
    codes = PerceptualHash(kind, hash_size).encode(images)
    assert np.array_equal(codes, one_by_one(kind, images, hash_size))


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_hash_does_not_depend_on_the_batch(kind):
    images = pictures((80, 60), 13)
    encoder = PerceptualHash(kind)
    alone = np.concatenate([encoder.encode([image]) for image in images])
    assert np.array_equal(encoder.encode(images), alone)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_real_images_have_imagehashs_hashes(kind, data_dir):
    images, _ = cifar_images(data_dir, 300)
    assert np.array_equal(PerceptualHash(kind).encode(images), one_by_one(kind, images))


def test_a_pillow_that_resizes_otherwise_is_left_to_imagehash(monkeypatch):
    images = pictures((50, 40), 8)
    monkeypatch.setattr(lanczos, "can_resize", lambda shape, size: False)
    monkeypatch.setattr(lanczos, "resize", lambda pixels, size: pytest.fail("not bit for bit"))
    assert np.array_equal(PerceptualHash("phash").encode(images), one_by_one("phash", images))


def test_large_images_are_hashed_one_at_a_time():
    large, small = np.zeros((1, hashes.LARGE + 1, 3), np.uint8), np.zeros((10, 10, 3), np.uint8)
    tasks = hashes._tasks([large, small, large, small])
    assert sorted(map(tuple, tasks)) == [(0,), (1, 3), (2,)]


def test_no_images_have_no_hashes():
    assert PerceptualHash("dhash").encode([]).shape == (0, 8)
