"""The CNN of report R1: four convolutions, two max-pools, two fully connected layers and a softmax.

It is the network of Keras' own CIFAR-10 example, which the report's description fits to the layer.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

SIZE = (32, 32)
DIMENSION = 512


def cnn4(labels: int | None) -> "keras.Model":
    """(n, 32, 32, 3) RGB in 0-255 -> (n, labels) probabilities; with `labels` None, the penultimate (n, 512) layer.

    The pixels are divided by 255 inside the network. Dropout (a quarter after each pool, a half before the softmax)
    acts in training only.
    """
    import keras
    from keras import layers

    images = keras.Input((*SIZE, 3))
    x = layers.Rescaling(1 / 255)(images)
    for block, filters in enumerate((32, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{block}a")(x)
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{block}b")(x)
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        x = layers.Dropout(0.25, name=f"dropout{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(DIMENSION, activation="relu", name="embedding")(x)
    if labels is not None:
        x = layers.Dropout(0.5, name="dropout3")(x)
        x = layers.Dense(labels, activation="softmax", name="softmax")(x)
    return keras.Model(images, x, name="cnn4")
