"""Trunks that are trained on: what is below the cut stays, what is above learns; without weights nothing does."""

import os

import numpy as np
import pytest
from training_toys import coloured

from datasets.registry import open_dataset
from methods.conformance_images import structured_images
from methods.networks import backbones
from methods.networks.backbones import Trunk
from methods.networks.input_scaling import symmetric
from methods.trained import fine_tuned
from methods.trained.fine_tuned import INCEPTIONV3, RESNET101, FineTunedTrunk
from methods.trained.vectors import TrainedVectorMethod
from methods.training.recipe import Recipe
from methods.weights import require_weights

RECIPE = Recipe(learning_rate=0.01, batch=8, epochs=3)


def toy_trunk(size):
    import keras
    from keras import layers

    images = keras.Input((*size, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="low")(images)
    x = layers.BatchNormalization(name="middle")(x)
    x = layers.Conv2D(6, 3, name="high")(x)
    x = layers.BatchNormalization(name="top")(x)
    return keras.Model(images, x, name="toy_trunk")


@pytest.fixture
def toy(monkeypatch, tmp_path):
    trunks = {"toy": Trunk(toy_trunk, symmetric, (8, 8), lambda network, path: network.load_weights(path))}
    monkeypatch.setattr(fine_tuned, "TRUNKS", trunks)
    path = tmp_path / "toy.weights.h5"
    toy_trunk((8, 8)).save_weights(path)
    return path


def weights_of(encoder):
    import keras

    lower = encoder._upper.layers if encoder._frozen is None else []
    return {
        layer.name: layer.get_weights() for layer in [*lower, *encoder._upper.layers] if isinstance(layer, keras.Layer)
    }


@pytest.mark.parametrize("below", [None, "middle"])
def test_the_upper_part_learns_and_batch_norm_stays(toy, below, tmp_path):
    encoder = FineTunedTrunk("toy", RECIPE, weights=toy, models=None, below=below)
    before = {layer.name: layer.get_weights() for layer in encoder.trunk.layers}
    first = encoder.encode(list(coloured(1)))
    encoder.learn(coloured())
    moved = {
        layer.name
        for layer in encoder.trunk.layers
        if not all(map(np.array_equal, before[layer.name], layer.get_weights()))
    }
    assert moved == ({"low", "high"} if below is None else {"high"})
    learned = encoder.encode(list(coloured(1)))
    assert learned.shape == first.shape == (3, 6)
    assert not np.allclose(first, learned)


@pytest.mark.parametrize("below", [None, "middle"])
def test_learning_twice_starts_from_the_original_weights(toy, below):
    encoder = FineTunedTrunk("toy", RECIPE, weights=toy, models=None, below=below)
    encoder.learn(coloured())
    first = encoder.encode(list(coloured(1)))
    encoder.learn(coloured())
    assert np.array_equal(first, encoder.encode(list(coloured(1))))


def test_the_cut_changes_nothing_before_learning(toy):
    images = list(structured_images(2, 2))
    whole = FineTunedTrunk("toy", RECIPE, weights=toy, models=None)
    cut = FineTunedTrunk("toy", RECIPE, weights=toy, models=None, below="low")
    assert np.allclose(whole.encode(images), cut.encode(images), atol=1e-5)


def test_other_weights_to_start_from_are_another_training(toy, tmp_path):
    import keras

    models = tmp_path / "models"
    FineTunedTrunk("toy", RECIPE, weights=toy, models=models).learn(coloured())
    keras.utils.set_random_seed(9)
    toy_trunk((8, 8)).save_weights(toy)
    FineTunedTrunk("toy", RECIPE, weights=toy, models=models).learn(coloured())
    assert len(list(models.iterdir())) == 2


def test_without_weights_it_is_not_trained_and_its_gallery_is_made_up(toy, monkeypatch):
    encoder = FineTunedTrunk("toy", RECIPE, weights=None, models=None)
    method = TrainedVectorMethod(encoder, fine_tuned.ExactIndex("cosine"), trained=False)
    monkeypatch.setattr(encoder, "learn", None)
    monkeypatch.setattr(encoder, "encode", None)
    gallery = coloured()
    method.fit(gallery)
    method.index(gallery)
    assert method.indexed == 30
    assert method.nbytes >= 30 * 6 * 4


@pytest.mark.parametrize(("network", "recipes"), [("inceptionv3", INCEPTIONV3), ("resnet101", RESNET101)])
def test_the_layers_that_recipes_name_are_the_trunks_own(network, recipes):
    import keras

    model = backbones.TRUNKS[network].build((96, 96))
    for below in {below for _, below in recipes.values()} - {None}:
        upper = keras.Model(model.get_layer(below).output, model.output)
        assert upper.output_shape[-1] == 2048
        assert 0 < len(upper.trainable_weights) < len(model.trainable_weights)


def test_recipes_are_the_reports():
    full, below = INCEPTIONV3["full"]
    assert 100 <= full.epochs <= 120
    assert below is None
    assert all((recipe.optimiser, recipe.batch) == ("adamax", 16) for recipe, _ in RESNET101.values())


@pytest.mark.skipif(not os.environ.get("RIS_SLOW_TESTS"), reason="half a minute of training: set RIS_SLOW_TESTS=1")
def test_a_real_trunk_finds_people_better_once_it_has_learned_them(data_dir, weights_dir):
    faces = open_dataset("imdb-wiki", data_dir)
    split = faces.split("smoke")
    gallery, queries = faces.imageset(split.gallery), faces.imageset(split.queries)
    recipe = Recipe(optimiser="adamax", batch=16, epochs=12, patience=6)
    weights = require_weights("mobilenetv2", weights_dir).path
    encoder = FineTunedTrunk("mobilenetv2", recipe, weights=weights, models=None, below="block_14_add")
    method = TrainedVectorMethod(encoder, fine_tuned.ExactIndex("cosine"))
    precisions = []
    for learn in (lambda: None, lambda: method.fit(gallery)):
        learn()
        method.index(gallery)
        right = gallery.labels[method.search(queries, len(gallery)).ids] == queries.labels[:, None]
        precision = np.cumsum(right, axis=1) / np.arange(1, len(gallery) + 1)
        precisions.append(np.mean([p[r].mean() for p, r in zip(precision, right, strict=True)]))
    before, after = precisions
    print(f"mAP {before:.3f} -> {after:.3f}")
    assert after > before + 0.1
