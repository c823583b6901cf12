"""Keras' compiler is used where it pays, batches are of few sizes there, and every backend gives the same rows."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from methods.networks.inference import filled_size, forward_pass, predicted, ready

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


SAME = """
import sys
import numpy as np
import keras
from methods.networks.inference import forward_pass, randomise
layers = keras.layers
images = keras.Input((24, 24, 3))
x = layers.Conv2D(8, 3, strides=2, padding="same")(images)
x = layers.DepthwiseConv2D(3, padding="same")(x)
x = layers.ReLU(max_value=6)(layers.BatchNormalization()(x))
network = keras.Model(images, layers.GlobalAveragePooling2D()(x))
randomise(network, 0)
forward = forward_pass(network)
batch = np.random.default_rng(0).uniform(-1, 1, (5, 24, 24, 3)).astype(np.float32)
rows = forward(batch)
alone = np.concatenate([forward(batch[n : n + 1]) for n in range(5)])
assert rows.shape == (5, 8) and np.allclose(alone, rows, atol=1e-5)
np.save(sys.argv[1], rows)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_backend_gives_the_rows_of_tensorflow(backend, tmp_path):
    for package in ("tensorflow", backend):
        pytest.importorskip(package)
    rows = []
    for name in ("tensorflow", backend):
        path = tmp_path / f"{name}.npy"
        environment = {**os.environ, "KERAS_BACKEND": name, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}
        subprocess.run([sys.executable, "-c", SAME, str(path)], env=environment, check=True)
        rows.append(np.load(path))
    assert np.abs(rows[0] - rows[1]).max() < 1e-5


LAZY = f"""
import sys
import numpy as np
import benchmarks.worker
from methods.building import build_method
from methods.registry import load_registry
registry = load_registry()
benchmarks.worker.set_threads(1)
benchmarks.worker.set_seeds()
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
    from benchmarks import worker

    given = []
    for package in ("tensorflow", "cv2"):
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(set_num_threads=given.append))
    worker.set_threads(3)
    assert given == [3] and worker.thread_environment(3)["NPROC"] == "3"
