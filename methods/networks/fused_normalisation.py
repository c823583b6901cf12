"""Batch normalisations as TensorFlow's one operation for them, which it computes together with a convolution.

Keras writes one as a product and a sum: with weights that are variables, each is a pass over all activations.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def fuse_normalisations(network: "keras.Model") -> None:
    """Have every batch normalisation of `network` computed by `fused`, where that can."""
    for layer in network.layers:
        if can_fuse(layer):
            layer.call = partial(fused, layer)


def can_fuse(layer: "keras.layers.Layer") -> bool:
    """Whether `fused` computes what `layer` does: Keras' own normalisation of images, channels last, in float32."""
    import keras

    if type(layer) is not keras.layers.BatchNormalization or layer.input_spec is None:
        return False
    return layer.input_spec.ndim == 4 and layer.axis in (-1, 3) and layer.dtype_policy.name == "float32"


def fused(layer: "keras.layers.BatchNormalization", inputs: Any, training: Any = None, mask: Any = None) -> Any:
    """`layer`'s answers for (n, height, width, channels).

    By its own code in training, and where constants stand in for its variables: they are then folded into convolutions.
    """
    import tensorflow as tf

    if (training and layer.trainable) or not isinstance(layer.moving_mean.value, tf.Variable):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    channels = layer.moving_mean.shape
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=layer.gamma.value if layer.scale else tf.ones(channels),
        offset=layer.beta.value if layer.center else tf.zeros(channels),
        mean=layer.moving_mean.value,
        variance=layer.moving_variance.value,
        epsilon=layer.epsilon,
        is_training=False,
    ).y
