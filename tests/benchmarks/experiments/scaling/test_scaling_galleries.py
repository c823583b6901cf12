"""What galleries are made of: sizes, distinct images in nested order, and jittered rows that stay what they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.experiments.scaling.galleries import SHARE, grown, make_pool, parse_sizes
from datasets.errors import BenchmarkError, DataError
from datasets.manifest import Manifest
from datasets.records import Record
from datasets.registry import open_dataset


def manifest_of(digests):
    records = [Record(f"image-{n:03d}", "x", "gallery", digest, {}) for n, digest in enumerate(digests)]
    dataset = open_dataset("cifar10", None)
    return Manifest(
        dataset="d", subset="full", synthetic=False, completeness="", records=tuple(records), skipped=(), source=dataset
    )


def unit_rows(n, d, seed=0):
    rows = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def nearest(rows):
    squared = ((rows[:, None].astype(float) - rows[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    return np.sqrt(squared.min(axis=1))


def test_sizes_are_read_in_order():
    assert parse_sizes("20,40, 1000") == (20, 40, 1000)
    assert parse_sizes("20") == (20,)


@pytest.mark.parametrize(
    ("text", "says"),
    [("40,20", "must rise"), ("20,20", "must rise"), ("5,20", "too small"), ("-20,20", "too small"), ("1k", "whole")],
)
def test_sizes_that_cannot_be_meant_are_refused(text, says):
    with pytest.raises(BenchmarkError, match=says):
        parse_sizes(text)


def test_a_pool_holds_each_content_once_and_no_query_in_the_gallery():
    pool = make_pool(manifest_of([f"digest-{n % 60}" for n in range(90)]))
    digests = [*pool.gallery.digests, *pool.queries.digests]
    assert len(digests) == len(set(digests)) == 60
    assert len(pool.queries) == 12


def test_the_order_of_a_pool_is_that_of_no_data_set():
    pool, other = (make_pool(manifest_of([f"digest-{n}" for n in range(30)])) for _ in range(2))
    assert pool.gallery.ids.tolist() == other.gallery.ids.tolist()
    assert pool.gallery.ids.tolist() != sorted(pool.gallery.ids.tolist())


def test_too_few_images_are_refused():
    with pytest.raises(DataError, match="9 distinct images"):
        make_pool(manifest_of([f"digest-{n}" for n in range(9)]))


@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 40), d=st.integers(1, 30), size=st.integers(1, 150), seed=st.integers(0, 9))
def test_jittered_rows_keep_shape_type_and_range(n, d, size, seed):
    rows = np.random.default_rng(seed).random((n, d), dtype=np.float32)
    larger = grown(rows, size, seed)
    assert larger.shape == (size, d)
    assert larger.dtype == np.float32
    assert np.array_equal(larger[: min(n, size)], rows[:size])
    assert larger.min() >= rows.min()
    assert larger.max() <= rows.max()


@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 40), width=st.integers(1, 12), size=st.integers(1, 150), seed=st.integers(0, 9))
def test_jittered_codes_keep_shape_and_type(n, width, size, seed):
    codes = np.random.default_rng(seed).integers(0, 256, size=(n, width), dtype=np.uint8)
    larger = grown(codes, size, seed)
    assert larger.shape == (size, width)
    assert larger.dtype == np.uint8
    assert np.array_equal(larger[: min(n, size)], codes[:size])


def test_unit_rows_stay_at_unit_length():
    larger = grown(unit_rows(50, 64), 200, 0)
    np.testing.assert_allclose(np.linalg.norm(larger, axis=1), 1, atol=1e-5)


def test_a_copy_is_nearer_to_its_original_than_that_one_s_neighbour():
    rows = np.random.default_rng(1).normal(size=(60, 200)).astype(np.float32)
    copies = grown(rows, 240, 0)[60:]
    distance = np.sqrt(((copies[:, None] - rows[None]) ** 2).sum(axis=2)).min(axis=1)
    median = np.median(nearest(rows))
    assert np.median(distance) == pytest.approx(SHARE * median, rel=0.1)
    assert (distance < median).mean() > 0.95


def test_every_row_is_copied_equally_often():
    rows = np.eye(10, dtype=np.float32) * 9
    copies = grown(rows, 10 + 30, 3)[10:]
    assert np.bincount(copies.argmax(axis=1), minlength=10).tolist() == [3] * 10


def test_flipped_bits_are_a_share_of_the_nearest_distance():
    codes = np.random.default_rng(2).integers(0, 256, size=(40, 8), dtype=np.uint8)
    copies = grown(codes, 120, 0)[40:]
    differing = np.bitwise_count(copies[:, None] ^ codes[None]).sum(axis=2, dtype=int).min(axis=1)
    own = np.bitwise_count(codes[:, None] ^ codes[None]).sum(axis=2, dtype=int) + 99 * np.eye(40, dtype=int)
    assert set(differing.tolist()) == {round(SHARE * float(np.median(own.min(axis=1))))}


def test_a_smaller_gallery_is_part_of_a_larger_one():
    rows = unit_rows(30, 500)
    assert np.array_equal(grown(rows, 40, 5), grown(rows, 9000, 5)[:40])
    assert not np.array_equal(grown(rows, 40, 5)[30:], grown(rows, 40, 6)[30:])


def test_rows_without_a_face_are_kept_and_never_copied():
    rows = unit_rows(20, 8)
    rows[[3, 7]] = np.nan
    larger = grown(rows, 100, 0)
    assert np.flatnonzero(np.isnan(larger[:, 0])).tolist() == [3, 7]


def test_nothing_is_made_up_from_a_single_row():
    rows = unit_rows(3, 8)
    rows[:2] = np.nan
    with pytest.raises(DataError, match="1 of 3 images"):
        grown(rows, 10, 0)
