"""Running a Keras network that is done with training, or that never had any."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def forward_pass(network: "keras.Model") -> Callable[[np.ndarray], np.ndarray]:
    """The network as one compiled function of a batch, (n, ...) float32 in and out, on any Keras backend.

    `predict_on_batch` is the bare forward pass; `predict` adds a data pipeline, which costs more than a small network's
    computation when the images come one by one. XLA is off: it would compile anew for every size of a batch, and on a
    CPU its depthwise convolutions are ten times slower than TensorFlow's own.
    """
    network.trainable = False
    network.jit_compile = False
    return lambda batch: np.asarray(network.predict_on_batch(batch))


def randomise(network: "keras.Model", seed: int) -> None:
    """He-normal kernels from a generator of their own: the process's random state stays as it is.

    For a network without its weights, whose speed is worth measuring and whose answers are not.
    """
    rng = np.random.default_rng(seed)
    for variable in network.trainable_variables:
        shape = tuple(variable.shape)
        if len(shape) > 1:
            # A depthwise kernel (h, w, channels, 1) sees one channel at a time.
            inputs = np.prod(shape[:2]) if len(shape) == 4 and shape[3] == 1 else np.prod(shape[:-1])
            variable.assign((2 / inputs) ** 0.5 * rng.standard_normal(shape, dtype=np.float32))
