"""Where a training begins: Keras' default initial weights, from a generator of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def initialise(layers: Sequence["keras.Layer"], seed: int) -> None:
    """Glorot-uniform kernels (Glorot & Bengio 2010), equal for equal `seed`; the process's random state stays as it is.

    Biases, and whatever else is no kernel of a dense or an ordinary convolution layer, are left as they are.
    """
    rng = np.random.default_rng(seed)
    for layer in layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None:
            continue
        *window, inputs, outputs = kernel.shape
        limit = (6 / (int(np.prod(window)) * (inputs + outputs))) ** 0.5
        kernel.assign(limit * (2 * rng.random(tuple(kernel.shape), dtype=np.float32) - 1))
