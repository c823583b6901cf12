"""The rows of pretrained networks: every system of the reports, settings that build, contracts that hold."""

import inspect

import numpy as np
import pytest
from trunks import replace_trunk, see_through, two_by_two

from methods.building import Surroundings, build_encoder, build_method, resolve
from methods.catalogue_pretrained import PRETRAINED
from methods.conformance import check
from methods.encoders.grey import GreyPixels
from methods.networks.backbones import TRUNKS
from methods.weights import WEIGHTS

ROWS = {spec.id: spec for spec in PRETRAINED}
BACKBONE_ROWS = [spec for spec in PRETRAINED if spec.encoder.target.endswith(":Backbone")]

FED_FOR_RED = {
    ("BGR", "ImageNet mean subtracted"): (-103.939, -116.779, 131.32),
    ("RGB", "x / 127.5 - 1"): (1, -1, -1),
    ("RGB", "0-255, rescaled inside"): (255, 0, 0),
    ("RGB", "(x - 127) / 128"): (1, -127 / 128, -127 / 128),
}


def parts(spec):
    return [part for part in (spec.encoder, *spec.transforms, spec.index) if part]


def test_every_system_of_the_reports_that_needs_a_pretrained_network_has_its_row():
    systems = """inceptionresnetv2 inceptionresnetv2-pooled efficientnetv2l efficientnetv2l-pooled inceptionv3 resnet50
        resnet50-balltree resnet50-1500-pca resnet50-1500-truncated resnet50-1000-pca resnet50-512-pca resnet50-256-pca
        resnet50-128-pca resnet101 vgg16-fc1 vgg16-fc1-sklearn vgg16-pca700-cosine vgg16-pca400-cosine
        resnet50-8192-kmeans resnet50-dense8192-kmeans mobilenetv2 efficientnet-lite0 dlib-resnet eigenfaces"""
    assert set(systems.split()) <= ROWS.keys()
    assert len(ROWS) == len(PRETRAINED)


@pytest.mark.parametrize("spec", PRETRAINED, ids=lambda spec: spec.id)
def test_a_row_can_be_built_as_written(spec):
    for part in parts(spec):
        accepted = inspect.signature(resolve(part))
        offered = {"weights": None} if "weights" in accepted.parameters else {}
        accepted.bind(**offered, **part.params)
    assert spec.input
    assert spec.source
    assert set(spec.weights) <= WEIGHTS.keys()
    assert spec.reference == "" or parts(ROWS[spec.reference])[:-1] == parts(spec)[:-1]
    assert spec.learns == any(part.target.endswith(":Pca") for part in spec.transforms)
    assert not (spec.learns and "verification" in spec.tasks)  # pairs are compared without any fitting


@pytest.mark.parametrize("spec", BACKBONE_ROWS, ids=lambda spec: spec.id)
def test_the_input_contract_is_what_reaches_the_network(spec, monkeypatch):
    sizes = []
    replace_trunk(monkeypatch, spec.encoder.params["network"], lambda size: sizes.append(size) or see_through(size))
    red = np.full((30, 20, 3), (255, 0, 0), dtype=np.uint8)
    row = build_encoder(spec, Surroundings()).encode([red])[0]
    np.testing.assert_allclose(row, FED_FOR_RED[spec.input.colour, spec.input.scaling], atol=1e-4)
    assert sizes == [spec.input.size]


@pytest.mark.parametrize(
    ("id", "channels", "vector"),
    [
        ("inceptionresnetv2", 24, False),
        ("resnet50-balltree", 24, False),
        ("resnet50-1500-pca", 24, False),
        ("resnet50-1500-truncated", 2048, False),
        ("vgg16-fc1", 24, True),
        ("vgg16-pca400-cosine", 24, True),
        ("resnet50-8192-kmeans", 24, False),
        ("resnet50-dense8192", 24, False),
    ],
)
def test_compositions_conform_around_any_network(id, channels, vector, monkeypatch):
    spec = ROWS[id]
    replace_trunk(monkeypatch, spec.encoder.params["network"], two_by_two(channels, vector))
    assert check(lambda: build_method(spec), spec) == []


def test_eigenfaces_conform():
    assert check(lambda: build_method(ROWS["eigenfaces"]), ROWS["eigenfaces"]) == []


def test_eigenfaces_see_the_middle_in_grey():
    image = np.zeros((40, 80, 3), dtype=np.uint8)
    image[10:30, 20:60] = (255, 0, 0)
    row = build_encoder(ROWS["eigenfaces"], Surroundings()).encode([image])
    assert row.shape == (1, 64 * 64)
    np.testing.assert_allclose(row, 76 / 255, atol=1e-6)  # red's share of luma, ITU-R BT.601
    whole = GreyPixels(side=64).encode([image])
    assert whole.mean() == pytest.approx(76 / 255 / 4, abs=0.01)
    with pytest.raises(ValueError, match="middle"):
        GreyPixels(middle=0)


def test_rows_of_one_network_share_its_embeddings():
    shared = [ROWS[id] for id in ROWS if id.startswith("resnet50") and "8192" not in id]
    assert len(shared) == 8
    for spec in (*shared, ROWS["resnet50-dense8192-kmeans"]):
        assert (spec.encoder, spec.requires, spec.weights) == (shared[0].encoder, shared[0].requires, shared[0].weights)


def test_every_trunk_has_a_row():
    assert {spec.encoder.params["network"] for spec in BACKBONE_ROWS} == set(TRUNKS)
