"""The CNN of report R0: three convolutions on 250x250 pixels, trained to name people, its last layer then cut off."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

SIZE = (250, 250)
DIMENSION = 29 * 29 * 128
"""107,648: what is left of 250 pixels after three valid 3x3 convolutions, each with a 2x2 max-pool, flattened."""


def cnn3(labels: int | None) -> "keras.Model":
    """(n, 250, 250, 3) RGB in 0-255 -> (n, labels) probabilities; with `labels` None, the (n, 107,648) features.

    Convolutions of 32, 64 and 128 filters with ReLU, then a softmax over the flattened maps. The pixels are divided by
    255 inside the network.
    """
    import keras
    from keras import layers

    images = keras.Input((*SIZE, 3))
    x = layers.Rescaling(1 / 255)(images)
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Flatten(name="features")(x)
    if labels is not None:
        x = layers.Dense(labels, activation="softmax", name="softmax")(x)
    return keras.Model(images, x, name="cnn3")
