"""Report R1's CNN: its layers, its pre-training, its crop, and that it really learns."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest

from datasets.imageset import ImageSet, Item
from datasets.registry import open_dataset
from methods.conformance_images import MemorySource, structured_images, with_labels
from methods.networks.cnn4 import cnn4
from methods.trained import cnn4 as rows
from methods.trained import vectors
from methods.trained.sift_region import SHARE, interesting_region
from methods.training.classifier import train_classifier
from methods.training.learning import Trained
from methods.training.recipe import Recipe
from methods.vector_method import embed_in_batches

TINY = Recipe(learning_rate=1e-3, batch=8, epochs=2)


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(rows, "RECIPES", {"smoke": TINY})
    monkeypatch.setattr(rows, "pretrained", lambda *args: None)


def test_layers_are_those_of_keras_classical_example():
    network = cnn4(10)
    kinds = [type(layer).__name__ for layer in network.layers if type(layer).__name__ not in ("Dropout", "Flatten")]
    assert kinds == ["InputLayer", "Rescaling", *["Conv2D", "Conv2D", "MaxPooling2D"] * 2, "Dense", "Dense"]
    assert network.count_params() == 1_250_858
    assert cnn4(None).output_shape == (None, 512)
    assert [array.shape for array in cnn4(10).get_weights()[:-2]] == [a.shape for a in cnn4(None).get_weights()]


def test_embedding_and_softmax_share_one_training(tiny, tmp_path, monkeypatch):
    images = structured_images(3, 5)
    method = rows.cnn4_embedding("smoke", tmp_path, None)
    method.fit(images)
    folders = list(tmp_path.iterdir())
    monkeypatch.setattr("methods.training.classifier.learned_weights", None)
    softmax = rows.Cnn4Softmax("smoke", tmp_path, None)
    softmax.fit(images)
    assert list(tmp_path.iterdir()) == folders
    method.index(images)
    softmax.index(images)
    assert method.search(images, 1).ids[:, 0].tolist() == list(range(15))
    ranking = softmax.search(images[:2], 15)
    for query in range(2):
        scores = dict(zip(images.labels[ranking.ids[query]], ranking.scores[query], strict=True))
        assert sum(scores.values()) == pytest.approx(1, abs=1e-5)


def test_a_label_that_was_not_learned_has_no_confidence(tiny):
    images = structured_images(4, 4)
    softmax = rows.Cnn4Softmax("smoke", None, None)
    softmax.fit(images[:12])
    softmax.index(images)
    ranking = softmax.search(images, 16)
    assert np.all(images.labels[ranking.ids[:, -4:]] == "label 3")
    assert np.all(ranking.scores[:, -4:] == 0)


def test_cifar_10_is_learned_first_unless_the_gallery_shows_the_same_things(monkeypatch):
    ground = open_dataset("cifar10", None)
    asked = []

    def remember(images, design, recipe, models):
        asked.append((images, recipe))
        return Trained("key", np.unique(images.labels), [], True)

    monkeypatch.setattr(rows, "train_classifier", remember)
    gallery = structured_images(3, 2)
    assert rows.pretrained(gallery, None, "smoke", None).key == "key"
    ((images, recipe),) = asked
    assert all(id.startswith("train/") for id in images.ids)
    assert not set(images.ids) & {item.id for item in ground.split("full").queries}
    assert recipe == rows.PRETRAINING["smoke"]
    assert rows.pretrained(with_labels(gallery, ["cat"] * 6), None, "smoke", None) is None
    assert len(asked) == 1


def test_the_start_of_a_training_is_part_of_its_key(tiny, tmp_path):
    images = structured_images(3, 5)
    base = train_classifier(images, rows.DESIGN, TINY, tmp_path)
    assert train_classifier(images, rows.DESIGN, TINY, tmp_path, start=base).key != base.key
    cropped = train_classifier(images, rows.DESIGN, TINY, tmp_path, view=interesting_region)
    assert cropped.key != base.key
    assert len(list(tmp_path.iterdir())) == 3


def textured(shape, row, column, side=40):
    image = np.full((*shape, 3), 90, np.uint8)
    patch = np.random.default_rng(0).integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
    image[row : row + side, column : column + side] = np.kron(patch, np.ones((4, 4, 1), np.uint8))
    return image


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 110), (60, 0), (60, 110)])
def test_the_crop_is_a_square_around_the_texture(row, column):
    image = textured((100, 150), row, column)
    region = interesting_region(image)
    assert region.shape == (67, 67, 3)
    inside = np.abs(region.astype(int) - 90).sum() / np.abs(image.astype(int) - 90).sum()
    assert inside > 0.85


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (32, 32), (250, 250)])
def test_without_keypoints_the_crop_is_the_centre(shape):
    image = np.zeros((*shape, 3), np.uint8)
    image[shape[0] // 2, (shape[1] - 1) // 2 : shape[1] // 2 + 1] = 1
    region = interesting_region(image)
    side = max(1, round(SHARE * min(shape)))
    assert region.shape == (side, side, 3)
    assert region.max() == 1


def test_small_pictures_have_interesting_parts_too():
    image = textured((32, 32), 16, 16, side=16)
    region = interesting_region(image)
    assert region.shape == (21, 21, 3)
    inside = np.abs(region.astype(int) - 90).sum() / np.abs(image.astype(int) - 90).sum()
    assert inside > 0.5  # the centre holds 0.4 of it


def test_images_of_one_source_are_all_a_training_needs(tiny):
    """A gallery without digests (no manifest) is hashed itself."""
    pictures = {str(n): np.full((4, 4, 3), 40 * n, np.uint8) for n in range(4)}
    gallery = ImageSet([Item(id, f"label {int(id) % 2}") for id in pictures], MemorySource(pictures))
    assert train_classifier(gallery, rows.DESIGN, TINY, None).labels.tolist() == ["label 0", "label 1"]


@pytest.mark.skipif(not os.environ.get("RIS_SLOW_TESTS"), reason="a minute of training: set RIS_SLOW_TESTS=1 to run it")
def test_it_really_learns_cifar_10(data_dir, tmp_path, monkeypatch):
    """In a third of the standard training, which ends ten points higher."""
    monkeypatch.setitem(rows.RECIPES, "standard", replace(rows.RECIPES["standard"], passes=24_000))
    cifar = open_dataset("cifar10", data_dir)
    split = cifar.split("full")
    gallery, queries = cifar.imageset(split.gallery), cifar.imageset(split.queries)
    start = time.perf_counter()
    method = rows.Cnn4Softmax("standard", tmp_path, data_dir)
    method.fit(gallery)
    method.index(gallery)
    top = method.search(queries, 1)
    right = np.mean(gallery.labels[top.ids[:, 0]] == queries.labels)
    print(f"top-1 {right:.3f} after {time.perf_counter() - start:.0f} s")
    assert right >= 0.42


def test_rows_of_more_images_than_fit_are_refused(monkeypatch):
    monkeypatch.setattr("methods.memory.machine_bytes", lambda: 1 << 20)
    encoder = vectors.TrainedFeatures(rows.DESIGN, TINY, None)
    with pytest.raises(Exception, match="200 rows of 512 numbers takes"):
        embed_in_batches(encoder, structured_images(2, 100))
