"""EfficientNet-Lite0 without its classes, and its ImageNet weights from a PyTorch state dict.

Liu, "Higher accuracy on vision models with EfficientNet-Lite" (TensorFlow blog, 2020): EfficientNet-B0 (Tan & Le 2019)
without squeeze-and-excitation and with ReLU6 for swish. The public PyTorch weights were converted from TensorFlow's,
and keep its conventions: "same" padding, batch normalisation with epsilon 1e-3, input (x - 127) / 128.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import KerasTensor, layers

from datasets.errors import WeightsError
from methods.torch_tensors import read_tensors


class Stage(NamedTuple):
    """`repeat` inverted bottlenecks, of which the first has the stride and the change of depth."""

    repeat: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STEM_FILTERS = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
HEAD_FILTERS = 1280


def efficientnet_lite0(size: tuple[int, int]) -> keras.Model:
    """The network with freshly initialised weights: (n, *size, 3) scaled RGB -> (n, h, w, 1280) feature maps.

    A layer is named as in the PyTorch weights, less the underscores that begin the names there and with hyphens for
    dots, which Keras on PyTorch does not take.
    """
    images = keras.Input((*size, 3))
    x = layers.Conv2D(STEM_FILTERS, 3, strides=2, padding="same", use_bias=False, name="conv_stem")(images)
    x = _normalised(x, "bn0")
    number = 0
    for stage in STAGES:
        for repetition in range(stage.repeat):
            x = _bottleneck(x, f"blocks-{number}", stage, stage.stride if repetition == 0 else 1)
            number += 1
    x = layers.Conv2D(HEAD_FILTERS, 1, use_bias=False, name="conv_head")(x)
    return keras.Model(images, _normalised(x, "bn1"), name="efficientnet_lite0")


def load_torch_weights(network: keras.Model, path: Path) -> None:
    """Set all weights of an `efficientnet_lite0` from a PyTorch state dict file; its classifier is left out.

    Raises WeightsError where a tensor is missing or has another shape, or the file has layers that the network lacks;
    the network is then unchanged.
    """
    tensors = read_tensors(path)
    values = {layer.name: _layer_weights(layer, tensors, path) for layer in network.layers if layer.weights}
    used = {_torch_name(name) for name in values} | {"_fc"}
    unknown = sorted(name for name in tensors if name.rpartition(".")[0] not in used)
    if unknown:
        raise WeightsError(f"{path} has {unknown[0]!r}, which EfficientNet-Lite0 lacks: it belongs to another network")
    for name, arrays in values.items():
        network.get_layer(name).set_weights(arrays)


def _bottleneck(x: KerasTensor, name: str, stage: Stage, stride: int) -> KerasTensor:
    """Expand, filter each channel, project; the input is added where it has the output's shape."""
    inputs, depth = x, x.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(depth * stage.expansion, 1, use_bias=False, name=f"{name}-expand_conv")(x)
        x = _normalised(x, f"{name}-bn0")
    x = layers.DepthwiseConv2D(
        stage.kernel, strides=stride, padding="same", use_bias=False, name=f"{name}-depthwise_conv"
    )(x)
    x = _normalised(x, f"{name}-bn1")
    x = layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}-project_conv")(x)
    x = _normalised(x, f"{name}-bn2", activate=False)
    return layers.Add(name=f"{name}-add")([x, inputs]) if x.shape == inputs.shape else x


def _normalised(x: KerasTensor, name: str, activate: bool = True) -> KerasTensor:
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)
    return layers.ReLU(max_value=6, name=f"{name}-relu6")(x) if activate else x


def _torch_name(layer_name: str) -> str:
    return ".".join(part if part.isdigit() else f"_{part}" for part in layer_name.split("-"))


def _layer_weights(layer: keras.Layer, tensors: Mapping[str, np.ndarray], path: Path) -> list[np.ndarray]:
    """The tensors of one layer in the order and layout of Keras."""
    prefix = _torch_name(layer.name)
    wanted: list[tuple[str, tuple[int, ...]]]
    if isinstance(layer, layers.BatchNormalization):
        wanted = [(part, (0,)) for part in ("weight", "bias", "running_mean", "running_var")]
    elif isinstance(layer, layers.DepthwiseConv2D):
        wanted = [("weight", (2, 3, 0, 1))]  # (channels, 1, h, w) -> (h, w, channels, 1)
    else:
        wanted = [("weight", (2, 3, 1, 0))]  # (out, in, h, w) -> (h, w, in, out)
    arrays = []
    for (part, order), variable in zip(wanted, layer.weights, strict=True):
        tensor = tensors.get(f"{prefix}.{part}")
        if tensor is None or tensor.ndim != len(order) or tensor.transpose(order).shape != tuple(variable.shape):
            found = "is missing" if tensor is None else f"has shape {tensor.shape}"
            raise WeightsError(f"{path}: {prefix}.{part} {found}, but the network needs {tuple(variable.shape)}")
        arrays.append(tensor.transpose(order))
    return arrays
