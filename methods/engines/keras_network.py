"""A network as encoders run it when no engine is put in: the yardstick of every other engine."""

from typing import TYPE_CHECKING

import numpy as np

from methods.engines.contract import Forward

if TYPE_CHECKING:
    import keras


def forward(network: "keras.Model") -> Forward:
    """Keras' bare forward pass of `network`, without XLA (see `methods.networks.inference`)."""
    network.jit_compile = False
    predict = network.predict_on_batch
    return lambda batch: np.asarray(predict(batch))
