"""Inception-ResNet-v1, the network behind FaceNet, in the variant of the public checkpoints.

Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning" (2016), with the
stem, filter counts and residual scales of github.com/davidsandberg/facenet. Layer names are those of the Keras weights
files made from its checkpoints, so that weights load by name.
"""

from typing import NamedTuple

import keras
from keras import KerasTensor, layers

INPUT_SIZE = 160
"""Height and width in pixels of the input."""


class Conv(NamedTuple):
    """A convolution without bias, batch normalisation and ReLU; `kernel` is (height, width)."""

    name: str
    filters: int
    kernel: tuple[int, int]
    strides: int = 1
    padding: str = "same"


class Residual(NamedTuple):
    """A residual block: parallel branches, joined, projected to the input's depth, scaled and added to it."""

    name: str
    branches: tuple[tuple[Conv, ...], ...]
    scale: float
    repeat: int


STEM = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), strides=2, padding="valid"),
    Conv("Conv2d_2a_3x3", 32, (3, 3), padding="valid"),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
)
STEM_AFTER_POOL = (
    Conv("Conv2d_3b_1x1", 80, (1, 1), padding="valid"),
    Conv("Conv2d_4a_3x3", 192, (3, 3), padding="valid"),
    Conv("Conv2d_4b_3x3", 256, (3, 3), strides=2, padding="valid"),
)
BLOCK35 = Residual(
    "Block35",
    (
        (Conv("Conv2d_1x1", 32, (1, 1)),),
        (Conv("Conv2d_0a_1x1", 32, (1, 1)), Conv("Conv2d_0b_3x3", 32, (3, 3))),
        (Conv("Conv2d_0a_1x1", 32, (1, 1)), Conv("Conv2d_0b_3x3", 32, (3, 3)), Conv("Conv2d_0c_3x3", 32, (3, 3))),
    ),
    scale=0.17,
    repeat=5,
)
REDUCTION_A = (
    (Conv("Conv2d_1a_3x3", 384, (3, 3), strides=2, padding="valid"),),
    (
        Conv("Conv2d_0a_1x1", 192, (1, 1)),
        Conv("Conv2d_0b_3x3", 192, (3, 3)),
        Conv("Conv2d_1a_3x3", 256, (3, 3), strides=2, padding="valid"),
    ),
)
BLOCK17 = Residual(
    "Block17",
    (
        (Conv("Conv2d_1x1", 128, (1, 1)),),
        (Conv("Conv2d_0a_1x1", 128, (1, 1)), Conv("Conv2d_0b_1x7", 128, (1, 7)), Conv("Conv2d_0c_7x1", 128, (7, 1))),
    ),
    scale=0.10,
    repeat=10,
)
REDUCTION_B = (
    (Conv("Conv2d_0a_1x1", 256, (1, 1)), Conv("Conv2d_1a_3x3", 384, (3, 3), strides=2, padding="valid")),
    (Conv("Conv2d_0a_1x1", 256, (1, 1)), Conv("Conv2d_1a_3x3", 256, (3, 3), strides=2, padding="valid")),
    (
        Conv("Conv2d_0a_1x1", 256, (1, 1)),
        Conv("Conv2d_0b_3x3", 256, (3, 3)),
        Conv("Conv2d_1a_3x3", 256, (3, 3), strides=2, padding="valid"),
    ),
)
BLOCK8 = Residual(
    "Block8",
    (
        (Conv("Conv2d_1x1", 192, (1, 1)),),
        (Conv("Conv2d_0a_1x1", 192, (1, 1)), Conv("Conv2d_0b_1x3", 192, (1, 3)), Conv("Conv2d_0c_3x1", 192, (3, 1))),
    ),
    scale=0.20,
    repeat=5,
)


def inception_resnet_v1(dimension: int) -> keras.Model:
    """The network with freshly initialised weights: (n, 160, 160, 3) scaled RGB -> (n, dimension) float32.

    The output is the bottleneck after batch normalisation and is *not* L2-normalised. Public weights exist for
    `dimension` 128 and 512.
    """
    images = keras.Input((INPUT_SIZE, INPUT_SIZE, 3))
    x = _chain(images, STEM)
    x = layers.MaxPooling2D(3, strides=2, name="MaxPool_3a_3x3")(x)
    x = _chain(x, STEM_AFTER_POOL)
    x = _repeated(x, BLOCK35)
    x = _reduction(x, "Mixed_6a", REDUCTION_A)
    x = _repeated(x, BLOCK17)
    x = _reduction(x, "Mixed_7a", REDUCTION_B)
    x = _repeated(x, BLOCK8)
    # The last block differs: added unscaled, and nothing is cut off at zero before pooling.
    x = _residual(x, f"Block8_{BLOCK8.repeat + 1}", BLOCK8.branches, scale=1.0, activate=False)
    x = layers.GlobalAveragePooling2D(name="AvgPool")(x)
    x = layers.Dropout(0.2, name="Dropout")(x)
    x = layers.Dense(dimension, use_bias=False, name="Bottleneck")(x)
    x = _batch_norm(x, "Bottleneck")
    return keras.Model(images, x, name="inception_resnet_v1")


def _repeated(x: KerasTensor, block: Residual) -> KerasTensor:
    for number in range(1, block.repeat + 1):
        x = _residual(x, f"{block.name}_{number}", block.branches, block.scale, activate=True)
    return x


def _residual(
    x: KerasTensor, name: str, branches: tuple[tuple[Conv, ...], ...], scale: float, activate: bool
) -> KerasTensor:
    joined = layers.Concatenate(name=f"{name}_Concatenate")(_branches(x, name, branches))
    change = layers.Conv2D(x.shape[-1], 1, name=f"{name}_Conv2d_1x1")(joined)
    change = layers.Rescaling(scale, name=f"{name}_Scale")(change)
    x = layers.Add(name=f"{name}_Add")([x, change])
    return layers.Activation("relu", name=f"{name}_Activation")(x) if activate else x


def _reduction(x: KerasTensor, name: str, branches: tuple[tuple[Conv, ...], ...]) -> KerasTensor:
    pooled = layers.MaxPooling2D(3, strides=2, name=f"{name}_Branch_{len(branches)}_MaxPool_1a_3x3")(x)
    return layers.Concatenate(name=name)([*_branches(x, name, branches), pooled])


def _branches(x: KerasTensor, name: str, branches: tuple[tuple[Conv, ...], ...]) -> list[KerasTensor]:
    return [_chain(x, convs, prefix=f"{name}_Branch_{number}_") for number, convs in enumerate(branches)]


def _chain(x: KerasTensor, convs: tuple[Conv, ...], prefix: str = "") -> KerasTensor:
    for conv in convs:
        name = prefix + conv.name
        x = layers.Conv2D(conv.filters, conv.kernel, conv.strides, conv.padding, use_bias=False, name=name)(x)
        x = _batch_norm(x, name)
        x = layers.Activation("relu", name=f"{name}_Activation")(x)
    return x


def _batch_norm(x: KerasTensor, name: str) -> KerasTensor:
    return layers.BatchNormalization(momentum=0.995, epsilon=1e-3, scale=False, name=f"{name}_BatchNorm")(x)
