"""A stand-in for the real trunks: what reaches the network comes out of it, and building it costs nothing."""

import dataclasses

from methods.networks.backbones import TRUNKS


def see_through(size):
    """The first pixel, as the network sees it."""
    import keras

    images = keras.Input((*size, 3))
    return keras.Model(images, images[:, :1, :1])


def two_by_two(channels, vector=False):
    """Builds networks whose feature map is 2 x 2 (or a vector): means of the input's quarters, mixed at random."""

    def build(size):
        import keras

        images = keras.Input((*size, 3))
        means = keras.layers.AveragePooling2D((size[0] // 2, size[1] // 2))(images)
        mixed = keras.layers.Conv2D(channels, 1, activation="relu")(means)
        return keras.Model(images, keras.layers.GlobalAveragePooling2D()(mixed) if vector else mixed)

    return build


def replace_trunk(monkeypatch, name, build):
    """Put `build` in the place of a trunk's network; its size and its scaling stay."""
    monkeypatch.setitem(TRUNKS, name, dataclasses.replace(TRUNKS[name], build=build))
