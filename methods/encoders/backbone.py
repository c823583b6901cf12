"""Any trunk of `methods.networks.backbones` as an encoder: resize, scale, one forward pass a batch, pool or flatten."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from datasets.imageset import Image
from methods.resizing import resized

if TYPE_CHECKING:
    import keras

Pooling = Literal["avg", "flatten"]


class Backbone:
    """Embeddings (n, dimension) float32 of a network without its classes.

    `network` names a trunk. `pooling` "avg" takes the mean of each channel over the image, "flatten" keeps every number
    of the feature map; a trunk that ends in a vector is taken as it is. `size` is the input's (height, width), by
    default what the network was trained on; images are stretched to it. `weights` is the trunk's file; None leaves
    random weights, equal for equal `seed`, good for nothing but running time. Raises WeightsError for an unfit file.

    A flattened row is large: 1,000 images of 81,920 numbers are 328 MB as an array, and once more in the index.
    """

    def __init__(
        self,
        network: str,
        *,
        weights: Path | None,
        pooling: Pooling = "avg",
        size: tuple[int, int] | None = None,
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        from methods.networks.backbones import TRUNKS
        from methods.networks.empty_kernels import kernels_at_zero
        from methods.networks.inference import forward_pass, randomise

        if network not in TRUNKS:
            raise ValueError(f"no trunk is called {network!r}; there are {', '.join(TRUNKS)}")
        trunk = TRUNKS[network]
        self.batch_size = batch_size
        self.size = size or trunk.size
        self.scaling = trunk.scaling
        with kernels_at_zero():
            model = _vectors(trunk.build(self.size), pooling)
        if weights is None:
            randomise(model, seed)
        else:
            trunk.load(model, weights)
        self.dimension: int = model.output_shape[-1]
        self._forward = forward_pass(model)

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Embeddings (n, dimension) float32 of `images` of any sizes."""
        rows = np.empty((len(images), self.dimension), dtype=np.float32)
        for start in range(0, len(images), self.batch_size):
            batch = images[start : start + self.batch_size]
            rows[start : start + len(batch)] = self._forward(self.network_input(batch))
        return rows

    def network_input(self, images: Sequence[Image]) -> np.ndarray:
        """What the network is fed for `images`: (n, height, width, 3) float32, resized and scaled as it was trained."""
        pixels = np.empty((len(images), *self.size, 3), dtype=np.uint8)
        for place, image in zip(pixels, images, strict=True):
            place[:] = resized(image, self.size)
        return self.scaling(pixels)


def _vectors(trunk: "keras.Model", pooling: Pooling) -> "keras.Model":
    """The trunk with its feature map turned into one vector an image."""
    import keras

    if len(trunk.output_shape) == 2:
        return trunk
    layer = {"avg": keras.layers.GlobalAveragePooling2D, "flatten": keras.layers.Flatten}[pooling]
    return keras.Model(trunk.inputs, layer()(trunk.output), name=f"{trunk.name}_{pooling}")
