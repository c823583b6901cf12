"""A network, images and recipes small enough that a test trains in a second."""

import numpy as np

from datasets.imageset import ImageSet, Item
from methods.conformance_images import MemorySource
from methods.training.learning import Design
from methods.training.recipe import Recipe

COLOURS = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
RECIPE = Recipe(learning_rate=0.01, batch=8, epochs=4, flip=True, shift=1, held_out=0.2)


def toy_network(labels):
    import keras
    from keras import layers

    images = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(4, 3, activation="relu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(8, activation="relu", name="embedding")(x)
    if labels is not None:
        x = layers.Dropout(0.2)(x)
        x = layers.Dense(labels, activation="softmax")(x)
    return keras.Model(images, x, name="toy")


DESIGN = Design("toy", toy_network, (8, 8), 8)


def coloured(each=10, labels=3, prefix="", seed=0):
    """Noisy squares whose label is their colour."""
    rng = np.random.default_rng(seed)
    items = [Item(f"{prefix}{label}-{n}", f"label {label}") for label in range(labels) for n in range(each)]
    pictures = {
        item.id: np.clip(COLOURS[int(item.label[-1])] + rng.normal(0, 40, (12, 10, 3)), 0, 255).astype(np.uint8)
        for item in items
    }
    return ImageSet(items, MemorySource(pictures))
