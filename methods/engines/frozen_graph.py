"""A network as one TensorFlow graph whose weights are constants: Grappler may then fold them into one another."""

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from methods.engines.contract import Forward

if TYPE_CHECKING:
    import keras


def frozen(network: "keras.Model", shape: tuple[int | None, ...]) -> Any:
    """`network`'s forward pass of one float32 tensor of this shape as a tf.ConcreteFunction without variables.

    Constants stand in for the variables while it is traced, which takes a third of the time of
    `convert_variables_to_constants_v2`: that one traces first and builds the graph twice more.
    """
    import keras

    weights = [(variable, variable.numpy()) for variable in network.variables]

    def forward_pass(batch: tf.Tensor) -> tf.Tensor:
        with keras.StatelessScope([(variable, tf.constant(value)) for variable, value in weights]):
            return network(batch, training=False)

    traced = tf.function(forward_pass, jit_compile=False, autograph=False)
    return traced.get_concrete_function(tf.TensorSpec(shape, tf.float32))


def forward(network: "keras.Model") -> Forward:
    """The forward pass of `network`, for batches of any size."""
    graph = frozen(network, network.input_shape)

    def run(batch: np.ndarray) -> np.ndarray:
        return graph(tf.constant(batch)).numpy()

    return run
