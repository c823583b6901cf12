"""What every data set must hold to: the real ones that are here, and every stand-in."""

import os
from pathlib import Path

import numpy as np
import pytest

from datasets.manifest import Manifest, build_manifest, build_pair_manifest
from datasets.registry import DATASETS, open_dataset

DATA = os.environ.get("RIS_DATA")
PLACES = [pytest.param(None, id="stand-in")]
PLACES += [
    pytest.param(
        Path(DATA) if DATA else None,
        id="real",
        marks=pytest.mark.skipif(not DATA, reason="RIS_DATA is not set: no real images here"),
    )
]


@pytest.fixture(params=DATASETS)
def name(request):
    return request.param


@pytest.fixture(params=PLACES)
def dataset(name, request):
    return open_dataset(name, request.param)


def test_subsets_are_disjoint_deterministic_and_answerable(dataset):
    for subset in ("smoke", "standard", "full"):
        first, second = dataset.split(subset), dataset.split(subset)
        assert first == second
        gallery, queries = {item.id for item in first.gallery}, {item.id for item in first.queries}
        assert len(gallery) == len(first.gallery)
        assert len(queries) == len(first.queries)
        assert not gallery & queries
        labels = {item.label for item in first.gallery}
        answerable = sum(item.label in labels for item in first.queries)
        assert 0.8 * len(first.queries) <= answerable  # ten of a standard subset are unanswerable on purpose


def test_smoke_is_small(dataset):
    split = dataset.split("smoke")
    assert 100 <= len(split.gallery) + len(split.queries) <= 210


def test_images_are_rgb_bytes_and_come_from_their_encoded_form(dataset):
    images = dataset.imageset(dataset.split("smoke").queries[:3])
    for position in range(len(images)):
        image = images[position]
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert np.array_equal(image, images.decode(images.read(position), position))


def test_a_manifest_survives_its_text_and_names_equal_content(dataset, tmp_path):
    manifest = build_manifest(dataset, "smoke", tmp_path)
    again = Manifest.from_json(manifest.to_json(), dataset)
    assert again.hash == manifest.hash == build_manifest(dataset, "smoke", tmp_path).hash
    assert again.gallery.ids.tolist() == manifest.gallery.ids.tolist()
    assert len(set(manifest.gallery.digests) & set(manifest.queries.digests)) == 0
    assert manifest.synthetic == dataset.synthetic == ("synthetic" in dataset.title)


def test_pairs_are_balanced_over_ten_folds(dataset, tmp_path):
    pairs = build_pair_manifest(dataset, "smoke", tmp_path)
    if pairs is None:
        assert dataset.name != "lfw"
        return
    assert set(pairs.fold) == set(range(10))
    assert 0.45 <= pairs.same.mean() <= 0.55
    same = pairs.left.labels == pairs.right.labels
    assert np.array_equal(same, pairs.same)
