"""A network as one TensorFlow graph whose weights are constants: Grappler may then fold them into one another."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from methods.engines.contract import Forward

if TYPE_CHECKING:
    import keras


def frozen(function: Callable[..., Any], shape: tuple[int | None, ...]) -> Any:
    """`function` of one float32 tensor of this shape as a tf.ConcreteFunction without variables."""
    concrete = tf.function(function, jit_compile=False).get_concrete_function(tf.TensorSpec(shape, tf.float32))
    return convert_variables_to_constants_v2(concrete)


def forward(network: "keras.Model") -> Forward:
    """The forward pass of `network`, for batches of any size."""
    graph = frozen(lambda batch: network(batch, training=False), network.input_shape)

    def run(batch: np.ndarray) -> np.ndarray:
        (rows,) = graph(tf.constant(batch))
        return rows.numpy()

    return run
