"""Report R0's CNN: its stated shapes and sizes, and what it refuses."""

import numpy as np
import pytest

from methods import memory
from methods.conformance_images import structured_images
from methods.memory import TooLargeError, training_bytes
from methods.networks.cnn3 import DIMENSION, cnn3
from methods.trained import cnn3 as rows
from methods.trained import vectors
from methods.training.classifier import labels_that_fit
from methods.training.initial import initialise
from methods.training.learning import Trained

CONVOLUTIONS = 93_248
"""Parameters: (27 + 1) * 32 + (288 + 1) * 64 + (576 + 1) * 128."""


def test_layers_are_those_of_the_report():
    network = cnn3(2)
    shapes = [layer.output.shape[1:] for layer in network.layers]
    assert shapes == [
        (250, 250, 3),
        (250, 250, 3),
        (248, 248, 32),
        (124, 124, 32),
        (122, 122, 64),
        (61, 61, 64),
        (59, 59, 128),
        (29, 29, 128),
        (107_648,),
        (2,),
    ]
    assert network.count_params() == CONVOLUTIONS + 2 * 107_649
    assert cnn3(None).count_params() == CONVOLUTIONS
    assert cnn3(None).output_shape == (None, DIMENSION) == (None, 107_648)


def test_the_softmax_over_all_of_lfw_is_619_million_parameters():
    parameters = 5_749 * (DIMENSION + 1)
    assert round(parameters / 1e6) == 619
    assert training_bytes(parameters) / 1e9 == pytest.approx(9.9, abs=0.05)


@pytest.mark.parametrize(("gib", "labels"), [(4, 997), (16, 3_989), (64, 15_959)])
def test_a_machine_s_memory_decides_how_many_labels_are_learned(monkeypatch, gib, labels):
    monkeypatch.setattr(memory, "machine_bytes", lambda: gib << 30)
    assert labels_that_fit(rows.DESIGN) == labels


def test_the_recipe_is_the_report_s():
    full = rows.RECIPES["full"]
    assert (full.optimiser, full.epochs, full.batch, full.patience) == ("adam", 10, 100, None)
    assert full.images is full.passes is None
    assert rows.RECIPES["standard"].epochs_for(412) == 7


def test_features_of_more_images_than_fit_are_refused_with_the_figure_before_training(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 8 << 30)
    method = rows.cnn3_neighbours("full", None)

    class Gallery:
        def __len__(self):
            return 13_233

    with pytest.raises(TooLargeError, match=r"13,233 rows of 107,648 numbers takes 10\.6 GiB, more than 40% of the 8"):
        method.fit(Gallery())


def test_it_learns_embeds_and_finds(monkeypatch):
    def learned(gallery, design, recipe, models, **more):
        network = design.build(None)
        initialise(network.layers, 5)
        return Trained("key", np.unique(gallery.labels), network.get_weights(), design.keep_head)

    monkeypatch.setattr(vectors, "train_classifier", learned)
    images = structured_images(3, 3)
    method = rows.cnn3_neighbours("smoke", None)
    before = method.encoder.encode(list(images[:1]))
    method.fit(images)
    assert not np.array_equal(before, method.encoder.encode(list(images[:1])))
    method.index(images)
    ranking = method.search(images, 2)
    assert ranking.ids[:, 0].tolist() == list(range(9))
    assert np.allclose(ranking.scores[:, 0], 0, atol=0.05)
    assert method.nbytes == 9 * 107_648 * 4
