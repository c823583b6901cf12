"""Networks whose weights come from elsewhere are built without drawing any."""

import threading

import keras
import numpy as np
import pytest

from methods.networks.backbones import TRUNKS
from methods.networks.empty_kernels import kernels_at_zero
from methods.networks.inference import randomise


def kernels(network):
    return [np.asarray(variable) for variable in network.trainable_variables if len(variable.shape) > 1]


def small():
    layers = [keras.layers.Conv2D(4, 3, kernel_initializer="he_normal"), keras.layers.DepthwiseConv2D(3)]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers, keras.layers.Flatten(), keras.layers.Dense(2)])


def test_kernels_are_zero_inside_the_block_alone():
    with kernels_at_zero():
        with kernels_at_zero():
            assert not any(kernel.any() for kernel in kernels(small()))
        assert not any(kernel.any() for kernel in kernels(small()))
    assert all(kernel.any() for kernel in kernels(small()))


def test_a_network_that_another_thread_builds_is_not_concerned():
    """It may be one that is trained: from zeros it would learn nothing."""
    built = []
    with kernels_at_zero():
        thread = threading.Thread(target=lambda: built.append(small()))
        thread.start()
        thread.join()
    assert all(kernel.any() for kernel in kernels(built[0]))


def test_an_error_ends_the_block():
    with pytest.raises(ZeroDivisionError), kernels_at_zero():
        raise ZeroDivisionError
    assert all(kernel.any() for kernel in kernels(small()))


@pytest.mark.parametrize("name", ["mobilenetv2", "efficientnet-lite0"])
def test_no_kernel_of_a_trunk_is_drawn_and_none_is_left_at_zero(name):
    with kernels_at_zero():
        network = TRUNKS[name].build((64, 64))
    assert not any(kernel.any() for kernel in kernels(network))
    randomise(network, seed=0)
    assert all(np.count_nonzero(kernel) > 0.99 * kernel.size for kernel in kernels(network))


def test_random_kernels_are_made_in_their_own_precision(monkeypatch):
    """A first layer of VGG16's classes took 800 MB more, and seconds, in float64."""
    seen, network = set(), small()
    assign = type(network.trainable_variables[0]).assign
    monkeypatch.setattr(
        type(network.trainable_variables[0]), "assign", lambda self, value: (seen.add(value.dtype), assign(self, value))
    )
    randomise(network, seed=0)
    assert seen == {np.dtype(np.float32)}


def test_channels_of_a_large_random_kernel_differ():
    network = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1024)])
    randomise(network, seed=0)
    (kernel,) = kernels(network)
    assert abs(kernel.std() / (2 / 64) ** 0.5 - 1) < 0.05
    between = np.corrcoef(kernel.T) - np.eye(1024)
    assert np.abs(between).max() < 0.9
    assert np.abs(np.corrcoef(kernel) - np.eye(64)).max() < 0.9


@pytest.mark.parametrize("made", ["trunk", "detector"])
def test_encoders_draw_nothing_that_their_weights_replace(monkeypatch, made):
    from methods.encoders.backbone import Backbone
    from methods.faces.keras_networks import KerasNetworks

    for name in ("uniform", "normal", "truncated_normal"):
        monkeypatch.setattr(f"keras.src.backend.random.{name}", lambda *given, **more: pytest.fail("it drew some"))
    if made == "trunk":
        Backbone("mobilenetv2", weights=None, size=(64, 64))
    else:
        KerasNetworks()
