"""MTCNN's three networks in plain Keras, for any of its backends; the weights are those of the package `mtcnn`.

The package itself imports TensorFlow, so its files of weights are read without it.
"""

import hashlib
import importlib.util
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datasets.errors import WeightsError
from methods.faces.plain_networks import PlainNetworks
from methods.networks.empty_kernels import kernels_at_zero
from methods.networks.inference import all_predicted, ready

if TYPE_CHECKING:
    import keras

WEIGHTS = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Sha256 of each network's file in mtcnn 1.0.0: they are pickles, so no other bytes are unpickled."""

Convolution = tuple[int, int, int, str]
"""Filters, side of a filter, side of the pool after it (0: none), and how that pool pads; pools step by 2."""

_PROPOSAL: tuple[Convolution, ...] = ((10, 3, 2, "same"), (16, 3, 0, ""), (32, 3, 0, ""))
_REFINEMENT: tuple[Convolution, ...] = ((28, 3, 3, "same"), (48, 3, 3, "valid"), (64, 2, 0, ""))
_OUTPUT: tuple[Convolution, ...] = ((32, 3, 3, "same"), (64, 3, 3, "valid"), (64, 3, 2, "same"), (128, 2, 0, ""))


class KerasNetworks(PlainNetworks):
    """What a Cascade runs, on Keras' backend. Raises WeightsError without the package's own files."""

    def __init__(self) -> None:
        with kernels_at_zero():
            made = proposal_network(), refinement_network(), output_network()
        for network, name in zip(made, WEIGHTS, strict=True):
            network.set_weights(package_weights(name))
            network.trainable = False
            ready(network)
        super().__init__(*(partial(all_predicted, network) for network in made))


def proposal_network() -> "keras.Model":
    """(n, h, w, 3) -> offsets (n, r, c, 4) and probabilities (n, r, c, 2)."""
    from keras import Input, Model, layers

    images = Input((None, None, 3))
    x = _convolved(images, _PROPOSAL)
    return Model(images, [layers.Conv2D(4, 1)(x), layers.Conv2D(2, 1, activation="softmax")(x)], name="pnet")


def refinement_network() -> "keras.Model":
    """(m, 24, 24, 3) -> offsets (m, 4) and probabilities (m, 2)."""
    return _crop_network("rnet", 24, _REFINEMENT, 128, (4, 2))


def output_network() -> "keras.Model":
    """(m, 48, 48, 3) -> offsets (m, 4), landmarks (m, 10) and probabilities (m, 2)."""
    return _crop_network("onet", 48, _OUTPUT, 256, (4, 10, 2))


def package_weights(name: str) -> list[np.ndarray]:
    """The arrays of one network, in its layers' order. Raises WeightsError where the package or its file is another."""
    import joblib

    found = importlib.util.find_spec("mtcnn")  # finds it without importing it
    if found is None or not found.submodule_search_locations:
        raise WeightsError("the face detector's weights come with the package mtcnn: pip install mtcnn==1.0.0")
    path = Path(found.submodule_search_locations[0]) / "assets" / "weights" / f"{name}.lz4"
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != WEIGHTS[name]:
        raise WeightsError(f"{path.name} of the package mtcnn is not that of version 1.0.0: pip install mtcnn==1.0.0")
    arrays: list[np.ndarray] = joblib.load(path)
    return arrays


def _convolved(x: "keras.KerasTensor", convolutions: tuple[Convolution, ...]) -> "keras.KerasTensor":
    from keras import layers

    for filters, side, pool, padding in convolutions:
        x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(filters, side)(x))
        if pool:
            x = layers.MaxPooling2D(pool, strides=2, padding=padding)(x)
    return x


def _crop_network(
    name: str, side: int, convolutions: tuple[Convolution, ...], features: int, outputs: tuple[int, ...]
) -> "keras.Model":
    from keras import Input, Model, layers

    images = Input((side, side, 3))
    x = layers.Flatten()(layers.Permute((2, 1, 3))(_convolved(images, convolutions)))
    x = layers.PReLU()(layers.Dense(features)(x))
    *linear, classes = outputs
    ends = [layers.Dense(size)(x) for size in linear]
    return Model(images, [*ends, layers.Dense(classes, activation="softmax")(x)], name=name)
