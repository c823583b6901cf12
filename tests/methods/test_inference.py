"""Keras' compiler is used where it pays, batches are of few sizes there, and every backend gives the same rows."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from methods.networks.fused_normalisation import can_fuse, fused
from methods.networks.inference import filled_size, forward_pass, predicted, ready
from methods.networks.shifted_depthwise import can_shift, shifted_sums

PACKAGES = ("keras", "tensorflow", "jax", "torch")


class Sums:
    """Called like a Keras network; keeps the sizes of its batches."""

    jit_compile: bool | None = None

    def __init__(self):
        self.sizes = []

    def predict_on_batch(self, batch):
        self.sizes.append(len(batch))
        return batch.sum(axis=1, keepdims=True)


def on(backend, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(backend=SimpleNamespace(backend=lambda: backend)))


def test_the_size_of_a_batch_is_a_power_of_two():
    assert [filled_size(count) for count in (1, 2, 3, 4, 5, 32, 33)] == [1, 2, 4, 4, 8, 32, 64]


@pytest.mark.parametrize(
    ("backend", "sizes"), [("jax", [1, 4, 8, 8]), ("tensorflow", [1, 3, 5, 8]), ("torch", [1, 3, 5, 8])]
)
def test_only_jax_compiles_and_then_for_few_sizes(backend, sizes, monkeypatch):
    on(backend, monkeypatch)
    network = Sums()
    forward = forward_pass(network)
    assert network.jit_compile == (backend == "jax")
    for count in (1, 3, 5, 8):
        batch = np.arange(2.0 * count).reshape(count, 2)
        assert np.array_equal(forward(batch), batch.sum(axis=1, keepdims=True))
    assert network.sizes == sizes


def test_what_is_no_keras_network_is_given_the_batch_as_it_is(monkeypatch):
    on("jax", monkeypatch)
    network = SimpleNamespace(predict_on_batch=lambda batch: np.full((len(batch), 1), len(batch)))
    assert predicted(network, np.zeros((3, 2))).tolist() == [[3], [3], [3]]
    ready(network)
    assert network.jit_compile


NETWORK = """
import sys
import numpy as np
import keras
from methods.networks.inference import all_predicted, forward_pass, predicted, randomise
layers = keras.layers
images = keras.Input((24, 30, 3))
x = layers.Conv2D(8, 3, strides=2, padding="same")(images)
x = layers.BatchNormalization()(x)
x = wide = layers.ReLU(max_value=6)(x)
x = layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
x = layers.ZeroPadding2D(((0, 1), (0, 1)))(layers.Rescaling(0.5)(x))
x = layers.DepthwiseConv2D((3, 5), strides=2, use_bias=False)(x)
x = layers.BatchNormalization(scale=False)(x)
x = layers.Activation("silu")(layers.Conv2D(6, 1, groups=2)(x))
side = layers.MaxPooling2D(3, strides=2)(wide)
x = layers.Concatenate()([layers.Conv2D(4, (2, 1))(x), layers.Conv2D(5, 1)(side)[:, :, :6]])
x = layers.Add()([layers.Conv2D(9, 3, padding="same", activation="tanh")(x), x])
x = layers.Dense(7)(layers.Flatten()(layers.AveragePooling2D(2)(x)))
network = keras.Model(images, layers.BatchNormalization()(x))
randomise(network, 0)
rng = np.random.default_rng(1)
for layer in network.layers:  # statistics as after a training
    if isinstance(layer, layers.BatchNormalization):
        layer.moving_mean.assign(rng.normal(0, 0.3, layer.moving_mean.shape))
        layer.moving_variance.assign(rng.uniform(0.5, 2, layer.moving_variance.shape))
batch = np.random.default_rng(0).uniform(-1, 1, (5, 24, 30, 3)).astype(np.float32)
"""

SAME = """
plain = np.asarray(keras.ops.convert_to_numpy(network(batch, training=False)))
forward = forward_pass(network)
rows = forward(batch)
assert rows.shape == (5, 7) and rows.dtype == np.float32 and np.abs(rows).max() > 0.1
assert np.abs(rows - plain).max() < 1e-4, np.abs(rows - plain).max()
alone = np.concatenate([forward(batch[n : n + 1]) for n in range(5)])
assert np.allclose(alone, rows, atol=1e-5)
np.save(sys.argv[1], rows)
"""

CAPTURED = """
import logging
from torch.fx import GraphModule
from methods.networks import torch_graph
heard = []
logging.getLogger("methods.networks.torch_graph").addFilter(lambda record: heard.append(record.getMessage()))
before = predicted(network, batch)
graph = torch_graph._captured[network].graphs[24, 30, 3]
assert isinstance(graph, GraphModule) and not heard
fused = [node for node in graph.graph.nodes if "convolution_pointwise" in str(node.target)]
assert len(fused) == 7 and {node.args[7] for node in fused} == {"none", "relu", "hardtanh", "swish"}
assert not [node for node in graph.graph.nodes if "clone" in str(node.target)]
network.set_weights([weight * 0.5 for weight in network.get_weights()])
after = predicted(network, batch)
assert np.abs(after - before).max() > 1e-3 and torch_graph._captured[network].graphs[24, 30, 3] is not graph
assert np.abs(after - np.asarray(network.predict_on_batch(batch))).max() < 1e-4

anywhere = keras.Input((None, None, 3))
x = layers.MaxPooling2D(2, padding="same")(layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3)(anywhere)))
two = keras.Model(anywhere, [layers.Conv2D(2, 1, activation="softmax")(x), layers.Conv2D(1, 1)(x)])
for side in (24, 23, 9):  # where a pool pads depends on the size
    outputs = all_predicted(two, batch[:, :side, :side])
    expected = two.predict_on_batch(batch[:, :side, :side])
    assert [each.shape for each in outputs] == [each.shape for each in expected]
    assert max(np.abs(a - b).max() for a, b in zip(outputs, expected)) < 1e-5
assert len(torch_graph._captured[two].graphs) == 3 and not heard

class Turning(layers.Layer):
    def call(self, x):
        return x if float(keras.ops.sum(x)) > 0 else -x  # which way it goes is not in a trace

odd = keras.Sequential([keras.Input((4,)), layers.Dense(4), Turning()])
some = batch[:, 0, :4, 0]
assert np.array_equal(predicted(odd, some), odd.predict_on_batch(some))
assert torch_graph._captured[odd].graphs[4,] is None and "runs layer by layer" in heard[0]
"""

TRACED_ONCE = """
forward = forward_pass(network)
rows = [forward(batch[:count]) for count in (1, 5, 2)]
assert network.predict_function.experimental_get_tracing_count() == 1
assert all(np.allclose(some, rows[1][: len(some)], atol=1e-5) for some in rows)

replaced = keras.models.clone_model(network)
replaced.predict_on_batch = lambda batch: batch
assert np.array_equal(forward_pass(replaced)(batch), batch) and replaced.predict_function is None

eager = keras.models.clone_model(network)
eager.run_eagerly = True
untouched = keras.Sequential([layers.Flatten(), layers.Dense(2)])  # what it is fed is not known yet
assert forward_pass(eager)(batch).shape == (5, 7) and forward_pass(untouched)(batch).shape == (5, 2)
"""


def test_tensorflow_traces_a_network_once_for_batches_of_every_size(tmp_path):
    pytest.importorskip("tensorflow")
    run_on("tensorflow", NETWORK + TRACED_ONCE, tmp_path / "none.npy")


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_gives_the_rows_of_its_own_layers_and_of_tensorflow(backend, tmp_path):
    for package in ("tensorflow", backend):
        pytest.importorskip(package)
    rows = [run_on(name, NETWORK + SAME, tmp_path / f"{name}.npy") for name in {"tensorflow", backend}]
    assert np.abs(rows[0] - rows[-1]).max() < 1e-4


def run_on(backend, script, path):
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", script, str(path)], env=environment, check=True)
    return np.load(path) if path.exists() else None


@pytest.mark.parametrize(
    ("size", "filters", "settings"),
    [
        ((9, 12), 3, {"padding": "same"}),
        ((9, 12), (2, 5), {"padding": "same", "strides": 2, "use_bias": False}),
        ((8, 7), 5, {"padding": "valid", "strides": 3, "activation": "relu"}),
        ((3, 3), 3, {"padding": "valid"}),
    ],
)
def test_shifted_sums_are_depthwise_convolutions(size, filters, settings):
    layers = pytest.importorskip("keras").layers
    layer = layers.DepthwiseConv2D(filters, bias_initializer="random_normal", **settings)
    images = np.random.default_rng(0).normal(size=(2, *size, 4)).astype(np.float32)
    expected = np.asarray(layer(images))
    assert can_shift(layer)
    assert np.allclose(np.asarray(shifted_sums(layer, images)), expected, atol=1e-5)


@pytest.mark.parametrize("settings", [{"depth_multiplier": 2}, {"dilation_rate": 2}, {"data_format": "channels_first"}])
def test_other_depthwise_convolutions_stay_as_they_are(settings):
    layers = pytest.importorskip("keras").layers
    assert not can_shift(layers.DepthwiseConv2D(3, **settings))


def test_torch_runs_a_graph_that_follows_the_weights(tmp_path):
    pytest.importorskip("torch")
    run_on("torch", NETWORK + CAPTURED, tmp_path / "none.npy")


LAZY = f"""
import sys
import numpy as np
import benchmarks.execution.worker
from methods.building import build_method
from methods.registry import load_registry
registry = load_registry()
benchmarks.execution.worker.set_threads(1)
benchmarks.execution.worker.set_seeds()
for name in ("random", "pixels", "phash"):
    build_method(registry.get(name))
print([name for name in {PACKAGES} if name in sys.modules])
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_method_without_networks_imports_no_backend(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", LAZY], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_torch_and_jax_get_the_threads_of_a_cell(monkeypatch):
    from benchmarks.execution import worker

    given = []
    for package in ("tensorflow", "cv2"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=given.append))
    worker.set_threads(3)
    assert given == [3] and worker.thread_environment(3)["NPROC"] == "3"


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        ({}, True),
        ({"scale": False, "epsilon": 1e-5}, True),
        ({"center": False, "epsilon": 1e-2, "axis": 3}, True),
        ({"axis": 1}, False),
        ({"dtype": "mixed_bfloat16"}, False),
    ],
)
def test_normalisations_on_tensorflow_are_one_operation_that_gives_the_same(settings, taken):
    pytest.importorskip("tensorflow", reason="the extra `keras` is not installed")
    import keras

    from methods.engines.frozen_graph import forward, frozen

    if keras.backend.backend() != "tensorflow":
        pytest.skip("Keras computes with something else")
    rng = np.random.default_rng(0)
    images = keras.Input((6, 5, 4))
    convolved = keras.layers.Conv2D(4 if settings.get("axis") != 1 else 5, 3)(images)
    network = keras.Model(images, keras.layers.BatchNormalization(**settings)(convolved))
    weights = [rng.uniform(0.5, 2, weight.shape) for weight in network.get_weights()]
    batch = rng.normal(size=(3, 6, 5, 4)).astype(np.float32)

    def answers():
        network.set_weights(weights)  # a training step changes the statistics
        modes = [np.asarray(network(batch, training=training)).astype(np.float32) for training in (False, True)]
        return [*modes, np.asarray(network.predict_on_batch(batch)).astype(np.float32), forward(network)(batch)]

    before = answers()
    for _ in range(2):  # networks are made ready more than once
        ready(network)
    layer = network.layers[-1]
    assert (getattr(vars(layer).get("call"), "func", None) is fused) == taken == can_fuse(layer)
    for own, now in zip(before, answers(), strict=True):
        assert np.abs(own).max() > 0.5
        np.testing.assert_allclose(now, own, atol=1e-5)
    graph = frozen(network, network.input_shape).graph.as_graph_def()
    assert "FusedBatchNormV3" not in {node.op for node in graph.node}
