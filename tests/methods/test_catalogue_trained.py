"""The trained rows: built from their entries, conforming, and shared where they should be."""

import dataclasses

import numpy as np
import pytest

from methods import fingerprint
from methods.building import Surroundings, build_method
from methods.catalogue_trained import TRAINED
from methods.conformance import check
from methods.conformance_images import structured_images
from methods.trained import cnn3, cnn4
from methods.training.recipe import Recipe
from methods.vector_method import VectorMethod

SPECS = {spec.id: spec for spec in TRAINED}


def test_every_trained_row_of_the_reports_is_here():
    assert list(SPECS) == [
        "cnn3",
        "cnn4-embedding",
        "cnn4-siftcrop",
        "cnn4-softmax",
        "inceptionv3-trained",
        "resnet101-adamax",
    ]
    assert all(spec.supervised and "verification" not in spec.tasks for spec in TRAINED)


@pytest.mark.parametrize("name", SPECS)
def test_the_code_behind_a_row_reaches_its_network_and_the_training_loop(name):
    modules = fingerprint.describe(SPECS[name].method)["target"].partition(":")[0]
    assert len(fingerprint.code_digest((modules,))) == 64
    assert fingerprint.code_digest((modules,)) != fingerprint.code_digest(("methods.training.trainer",))


@pytest.mark.parametrize("name", ["cnn4-embedding", "cnn4-siftcrop", "cnn4-softmax"])
def test_rows_conform(name, monkeypatch, tmp_path):
    """Trained for an epoch from random weights: what is checked is the contract, not the answers."""
    monkeypatch.setattr(cnn4, "RECIPES", {"smoke": Recipe(epochs=1)})
    monkeypatch.setattr(cnn4, "pretrained", lambda *args: None)
    spec = SPECS[name]
    surroundings = Surroundings(profile="smoke", models=tmp_path)
    assert check(lambda: build_method(spec, surroundings), spec) == []


def test_cnn3_conforms(monkeypatch, tmp_path):
    """On pictures of 34 pixels, which leave 2 * 2 * 128 features."""
    from methods.networks import cnn3 as network

    monkeypatch.setattr(network, "SIZE", (34, 34))
    monkeypatch.setattr(cnn3, "DESIGN", dataclasses.replace(cnn3.DESIGN, size=(34, 34), dimension=512))
    spec = SPECS["cnn3"]
    assert check(lambda: build_method(spec, Surroundings(profile="smoke", models=tmp_path)), spec) == []


@pytest.mark.parametrize("name", ["inceptionv3-trained", "resnet101-adamax"])
def test_without_weights_a_row_is_built_and_timed_only(name):
    images = structured_images(2, 2)
    method = build_method(SPECS[name], Surroundings(profile="smoke"))
    assert isinstance(method, VectorMethod)
    method.fit(images)
    method.index(images)
    assert method.encoder.encode(list(images[:2])).shape == (2, 2048)
    ranking = method.search(images[:1], 3)
    assert ranking.ids.shape == (1, 3)
    assert np.isfinite(ranking.scores).all()
