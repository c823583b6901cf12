"""A method on a tiny Keras network, which needs no weights, and a broken engine: for tests of what networks run on."""

import numpy as np

from methods.spec import MethodSpec, Part


def tiny_network():
    """Convolution, batch normalisation with statistics of its own, ReLU6, depthwise convolution, pooling: (n, 12)."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    images = keras.Input((20, 24, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(images)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6)(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.Conv2D(12, 1, activation="swish")(x)
    network = keras.Model(images, layers.GlobalAveragePooling2D()(x))
    rng = np.random.default_rng(5)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    network.trainable = False
    return network


def tiny_images(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 20, 24, 3)).astype(np.float32)


class TinyEncoder:
    """An Encoder over `tiny_network`, for catalogue entries of tests."""

    batch_size = 8
    dimension = 12

    def __init__(self):
        from methods.networks.inference import forward_pass

        self._forward = forward_pass(tiny_network())

    def encode(self, images):
        import cv2

        small = np.stack([cv2.resize(image, (24, 20)) for image in images]).astype(np.float32) / 127.5 - 1
        return self._forward(small)


def shuffled(network):
    """A deliberately broken engine: the right numbers in the wrong places."""
    predict = network.predict_on_batch
    return lambda batch: np.asarray(predict(batch))[:, ::-1]


METHODS = (
    MethodSpec(
        id="tiny-network",
        family="embedding",
        summary="a tiny network",
        source="tests",
        encoder=Part("tiny_network:TinyEncoder"),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"}),
        tasks=("retrieval",),
        requires=("tensorflow", "keras", "cv2"),
    ),
)
