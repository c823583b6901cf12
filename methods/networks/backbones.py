"""The trunks that images are embedded with: each network cut before its classes, with its input and its weights.

Every network is built empty - nothing is ever downloaded here - and gets its weights from a file, checked by name or
by order and by shape.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from methods.layer_weights import load_layer_weights
from methods.networks.input_scaling import bytes_as_they_are, caffe, lite, symmetric

if TYPE_CHECKING:
    import keras

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Trunk:
    """One network: how it is built for an input size, what it is fed, and how its file of weights is read."""

    build: Callable[[Size], "keras.Model"]
    """Feature maps (n, h, w, channels) out, or vectors (n, d)."""
    scaling: Callable[[np.ndarray], np.ndarray]
    size: Size
    """What it was trained on, and the default."""
    load: Callable[["keras.Model", Path], None] = load_layer_weights


def _application(name: str) -> Callable[[Size], "keras.Model"]:
    def build(size: Size) -> "keras.Model":
        import keras

        return getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(*size, 3))

    return build


def _vgg16_fc1(size: Size) -> "keras.Model":
    """VGG16 to its first fully connected layer, ReLU included: (n, 4096)."""
    import keras

    convolutions = keras.applications.VGG16(include_top=False, weights=None, input_shape=(*size, 3))
    x = keras.layers.Flatten(name="flatten")(convolutions.output)
    x = keras.layers.Dense(4096, activation="relu", name="fc1")(x)
    return keras.Model(convolutions.inputs, x, name="vgg16_fc1")


def _lite0(size: Size) -> "keras.Model":
    from methods.networks.efficientnet_lite0 import efficientnet_lite0

    return efficientnet_lite0(size)


def _load_lite0(network: "keras.Model", path: Path) -> None:
    from methods.networks.efficientnet_lite0 import load_torch_weights

    load_torch_weights(network, path)


# Layers of the Inception networks are numbered as they are made, in the file and in the process alike.
_in_order = partial(load_layer_weights, match="order")
# The file goes on to fc2 and the classes.
_first_layers = partial(load_layer_weights, allow_extra=True)

TRUNKS: Mapping[str, Trunk] = {
    "vgg16-fc1": Trunk(_vgg16_fc1, caffe, (224, 224), _first_layers),
    "resnet50": Trunk(_application("ResNet50"), caffe, (224, 224)),
    "resnet101": Trunk(_application("ResNet101"), caffe, (224, 224)),
    "inceptionv3": Trunk(_application("InceptionV3"), symmetric, (299, 299), _in_order),
    "inceptionresnetv2": Trunk(_application("InceptionResNetV2"), symmetric, (299, 299), _in_order),
    "efficientnetv2l": Trunk(_application("EfficientNetV2L"), bytes_as_they_are, (480, 480)),
    "mobilenetv2": Trunk(_application("MobileNetV2"), symmetric, (224, 224)),
    "efficientnet-lite0": Trunk(_lite0, lite, (224, 224), _load_lite0),
}
"""By the name that encoders use."""
