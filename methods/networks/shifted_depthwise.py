"""Depthwise convolutions as sums of shifted images: on JAX's CPU, which has no fast convolution of that kind.

XLA compiles the sum into one loop over the image; its own depthwise convolution takes several times as long.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def shift_depthwise(network: "keras.Model") -> None:
    """Have every depthwise convolution of `network` computed by `shifted_sums`, where that can."""
    import keras

    for layer in network.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D) and can_shift(layer):
            layer.call = partial(shifted_sums, layer)


def can_shift(layer: "keras.layers.DepthwiseConv2D") -> bool:
    """Whether `shifted_sums` computes what `layer` does: one filter a channel, channels last, neighbouring pixels."""
    plain = layer.depth_multiplier == 1 and layer.data_format == "channels_last"
    return plain and set(layer.dilation_rate) == {1} and layer.padding in ("same", "valid")


def shifted_sums(layer: "keras.layers.DepthwiseConv2D", inputs: Any) -> Any:
    """`layer`'s answers for (n, height, width, channels): a product for each place of the filter, added up."""
    from keras import ops

    kernel = ops.convert_to_tensor(layer.kernel)
    strides, size = layer.strides, kernel.shape[:2]
    if layer.padding == "same":
        pads = [_padding(*each) for each in zip(inputs.shape[1:3], size, strides, strict=True)]
        inputs = ops.pad(inputs, [(0, 0), *pads, (0, 0)])
    rows, columns = (
        (side - length) // step * step + 1 for side, length, step in zip(inputs.shape[1:3], size, strides, strict=True)
    )
    outputs = 0.0 if layer.bias is None else ops.convert_to_tensor(layer.bias)
    for y in range(size[0]):
        for x in range(size[1]):
            window = inputs[:, y : y + rows : strides[0], x : x + columns : strides[1]]
            outputs = outputs + window * kernel[y, x, :, 0]
    return outputs if layer.activation is None else layer.activation(outputs)


def _padding(side: int, length: int, step: int) -> tuple[int, int]:
    """Zeros before and after, so that a window starts at every `step`th pixel; the odd one comes after."""
    missing = max((-(-side // step) - 1) * step + length - side, 0)
    return missing // 2, missing - missing // 2
