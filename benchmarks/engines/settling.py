"""Random weights that carry a signal: without weights of its own, a deep network may blow it up beyond recognition.

EfficientNetV2L's 217 normalisations do nothing before it is trained, and its answers reach 10^11: nothing of the image
is left in them but rounding errors, which no two engines share. Then each normalisation is given the mean and variance
of what it is fed, as the first step of a training would.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

LARGEST = 1e6
"""Answers above it are no features of anything: inputs are of the order of 1 to 255."""
MOST_IMAGES = 4
"""That statistics are taken of: each has many positions, and a training pass holds every layer's answers at once. With
sixteen, EfficientNetV2L and its engines did not fit in 24 GB."""


def settle(network: "keras.Model", inputs: np.ndarray) -> bool:
    """Set the statistics of `network`'s normalisations where its answers to `inputs` (n, h, w, c) exceed LARGEST.

    The first MOST_IMAGES of them are looked at. Says whether they did.
    """
    inputs = inputs[:MOST_IMAGES]
    with np.errstate(over="ignore"):
        if np.abs(network.predict_on_batch(inputs)).max() <= LARGEST:
            return False
    norms = list(_normalisations(network))
    before = [(norm.trainable, norm.momentum) for norm in norms]
    for norm in norms:
        norm.trainable, norm.momentum = True, 0.0
    network(inputs, training=True)
    for norm, (trainable, momentum) in zip(norms, before, strict=True):
        norm.trainable, norm.momentum = trainable, momentum
    return True


def _normalisations(network: "keras.Model") -> "Iterator[keras.layers.BatchNormalization]":
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _normalisations(layer)
