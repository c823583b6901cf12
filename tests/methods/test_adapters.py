"""Networks of one's own as encoders: what they are fed, and what they must give."""

import sys
from contextlib import nullcontext
from types import ModuleType

import numpy as np
import pytest

from methods.adapters import KerasEncoder, TorchEncoder
from methods.conformance_images import structured_images
from methods.encoders.network_input import InputError, NetworkInput

IMAGES = [*structured_images()][:5]
INPUT = {"size": (12, 10), "mean": (1, 2, 3), "std": (4, 5, 6), "colour": "BGR"}


class Tensor(np.ndarray):
    """As much of torch.Tensor as the adapter uses."""

    def float(self):
        return self.astype(np.float32)

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


class Network:
    """A module without parameters: the mean of each channel."""

    training = True

    def eval(self):
        self.training = False

    def parameters(self):
        return iter(())

    def __call__(self, pixels):
        assert not self.training and pixels.shape[1:] == (3, 12, 10) and pixels.dtype == np.float32
        return pixels.mean(axis=(2, 3)).view(Tensor)


@pytest.fixture
def torch(monkeypatch):
    """The real one where it is installed, else as much of it as is used."""
    try:
        import torch
    except ImportError:
        torch = ModuleType("torch")
        torch.inference_mode = nullcontext
        torch.from_numpy = lambda array: array.view(Tensor)
        monkeypatch.setitem(sys.modules, "torch", torch)
    return torch


def test_a_torch_network_is_fed_channels_first_in_evaluation_mode(torch):
    if hasattr(torch, "nn"):
        pytest.skip("torch is here: test_a_real_torch_network covers it")
    rows = TorchEncoder(Network(), **INPUT, batch_size=2).encode(IMAGES)
    assert rows.dtype == np.float32
    assert np.allclose(rows, NetworkInput(**INPUT)(IMAGES).mean(axis=(1, 2)), atol=1e-4)


def test_a_real_torch_network():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Dropout(0.5), torch.nn.Flatten())
    encoder = TorchEncoder(network, **INPUT, batch_size=2)
    rows = encoder.encode(IMAGES)
    assert rows.shape == (5, 4 * 10 * 8) and np.array_equal(rows, encoder.encode(IMAGES))


def test_a_keras_network_is_fed_channels_last():
    keras = pytest.importorskip("keras", reason="the extra `keras` is not installed")
    network = keras.Sequential([keras.Input((12, 10, 3)), keras.layers.GlobalAveragePooling2D()])
    rows = KerasEncoder(network, **INPUT, batch_size=2).encode(IMAGES)
    assert np.allclose(rows, NetworkInput(**INPUT)(IMAGES).mean(axis=(1, 2)), atol=1e-4)


def test_an_output_that_is_no_row_an_image_is_refused():
    class Wrong:
        jit_compile = True

        def predict_on_batch(self, batch):
            return np.zeros((1, 3))

    with pytest.raises(InputError, match=r"shape \(1, 3\) for 5 images"):
        KerasEncoder(Wrong(), (8, 8)).encode(IMAGES)
