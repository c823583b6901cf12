"""The network has the published shape, fits the real weights by name, and needs no particular Keras backend."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from methods.layer_weights import load_layer_weights
from methods.networks.inception_resnet_v1 import inception_resnet_v1


@pytest.fixture(scope="module")
def network():
    return inception_resnet_v1(512)


def layers_of(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


def test_input_and_output(network):
    assert network.input_shape == (None, 160, 160, 3)
    assert network.output_shape == (None, 512)
    assert inception_resnet_v1(128).output_shape == (None, 128)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("Conv2d_4b_3x3_Activation", (17, 17, 256)),
        ("Block35_5_Activation", (17, 17, 256)),
        ("Mixed_6a", (8, 8, 896)),
        ("Block17_10_Activation", (8, 8, 896)),
        ("Mixed_7a", (3, 3, 1792)),
        ("Block8_6_Add", (3, 3, 1792)),
    ],
)
def test_depth_and_resolution_along_the_way(network, layer, shape):
    assert network.get_layer(layer).output.shape[1:] == shape


def test_every_convolution_in_a_branch_is_normalised_and_only_projections_have_a_bias(network):
    with_bias = {layer.name for layer in layers_of(network, keras.layers.Conv2D) if layer.use_bias}
    blocks = [("Block35", 5), ("Block17", 10), ("Block8", 6)]
    assert with_bias == {f"{name}_{i}_Conv2d_1x1" for name, count in blocks for i in range(1, count + 1)}
    normalised = {
        layer.name.removesuffix("_BatchNorm") for layer in layers_of(network, keras.layers.BatchNormalization)
    }
    convolutions = {layer.name for layer in layers_of(network, keras.layers.Conv2D)}
    assert normalised == convolutions - with_bias | {"Bottleneck"}


def test_residual_scales(network):
    scales = {layer.name: layer.scale for layer in layers_of(network, keras.layers.Rescaling)}
    assert {scales[f"Block35_{i}_Scale"] for i in range(1, 6)} == {0.17}
    assert {scales[f"Block17_{i}_Scale"] for i in range(1, 11)} == {0.10}
    assert {scales[f"Block8_{i}_Scale"] for i in range(1, 6)} == {0.20}
    assert scales["Block8_6_Scale"] == 1.0


def test_the_last_block_is_not_cut_off_at_zero(network):
    pooled = network.get_layer("AvgPool").input
    assert pooled is network.get_layer("Block8_6_Add").output


def test_normalisation_has_the_checkpoints_epsilon_and_no_scale(network):
    for layer in layers_of(network, keras.layers.BatchNormalization):
        assert layer.epsilon == pytest.approx(1e-3)
        assert len(layer.weights) == 3  # beta, moving mean, moving variance


def test_real_weights_fit_by_name_and_shape(network, weights_dir):
    kernel = network.get_layer("Mixed_7a_Branch_1_Conv2d_1a_3x3").kernel
    before = np.asarray(kernel)
    load_layer_weights(network, weights_dir / "inception_resnet_v1_512.h5")
    assert not np.array_equal(before, np.asarray(kernel))


def test_another_keras_backend_runs_it():
    pytest.importorskip("openvino", reason="no second Keras backend is installed")
    program = (
        "import sys, numpy as np\n"
        "from methods.networks.inception_resnet_v1 import inception_resnet_v1\n"
        "output = inception_resnet_v1(128).predict_on_batch(np.zeros((1, 160, 160, 3), 'float32'))\n"
        "assert np.asarray(output).shape == (1, 128)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "KERAS_BACKEND": "openvino"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
