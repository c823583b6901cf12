"""TensorFlow's operations as OpenVINO's: those that face networks in TensorFlow.js files are made of, and no others.

TensorFlow's images are (n, height, width, channels), and OpenVINO is fast with channels first: a computed value of four
axes has them first here. Constants stay arrays as they are stored until an operation says what they are to it: filters,
axes, or numbers to add.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from openvino import Node
from openvino import opset8 as ops

from datasets.errors import WeightsError

Value: TypeAlias = "np.ndarray | Node"
Attributes = Mapping[str, Mapping[str, Any]]
"""Of a node, by name, as protobuf's JSON writes them: {"padding": {"s": "U0FNRQ=="}, "keep_dims": {"b": false}}."""

CHANNELS_FIRST, CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""Which axis of an image of the other order stands at each place."""


def channels_first(node: Node) -> Node:
    """A value in TensorFlow's order of axes, turned as values are held here."""
    return _turned(node, CHANNELS_FIRST)


def channels_last(node: Node) -> Node:
    """A value as it is held here, turned into TensorFlow's order of axes."""
    return _turned(node, CHANNELS_LAST)


def _turned(node: Node, order: tuple[int, ...]) -> Node:
    return ops.transpose(node, np.array(order)) if _axes(node) == len(order) else node


def _axes(value: Value) -> int:
    if isinstance(value, np.ndarray):
        return value.ndim
    return int(value.get_output_partial_shape(0).rank.get_length())


def _node(value: Value) -> Node:
    return channels_first(ops.constant(value)) if isinstance(value, np.ndarray) else value


def _stored(value: Value) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise WeightsError("is given computed numbers where only stored ones can be read")
    return value


def _word(attributes: Attributes, name: str, unless_given: str) -> str:
    return base64.b64decode(attributes[name]["s"]).decode() if name in attributes else unless_given


def _steps(attributes: Attributes, name: str) -> list[int]:
    """Along height and width."""
    return [int(step) for step in attributes[name]["list"]["i"]][1:3] if name in attributes else [1, 1]


def _sliding(attributes: Attributes) -> dict[str, Any]:
    """How filters move over an image. SAME adds the odd row and column below and to the right."""
    layout, padding = _word(attributes, "data_format", "NHWC"), _word(attributes, "padding", "EXPLICIT")
    if layout != "NHWC" or padding not in ("SAME", "VALID"):
        raise WeightsError(f"has images of {layout} with {padding} padding: only NHWC with SAME or VALID can be read")
    return {
        "strides": _steps(attributes, "strides"),
        "dilations": _steps(attributes, "dilations"),
        "pads_begin": [0, 0],
        "pads_end": [0, 0],
        "auto_pad": "same_upper" if padding == "SAME" else "valid",
    }


def _convolution(attributes: Attributes, images: Value, filters: Value) -> Node:
    turned = _stored(filters).transpose(3, 2, 0, 1)  # (height, width, in, out) -> (out, in, height, width)
    return ops.convolution(_node(images), np.ascontiguousarray(turned), **_sliding(attributes))


def _depthwise(attributes: Attributes, images: Value, filters: Value) -> Node:
    turned = _stored(filters).transpose(2, 3, 0, 1)  # (height, width, in, m) -> (in, m, height, width): a group each
    return ops.group_convolution(_node(images), np.ascontiguousarray(turned[:, :, None]), **_sliding(attributes))


def _pad(attributes: Attributes, value: Value, widths: Value) -> Node:
    node, rows = _node(value), _stored(widths)
    before, after = (rows[[*CHANNELS_FIRST]] if _axes(node) == 4 else rows).T
    return ops.pad(node, before, after, "constant")


def _mean(attributes: Attributes, value: Value, axes: Value) -> Node:
    keep = attributes.get("keep_dims", {}).get("b", False)
    return channels_first(ops.reduce_mean(channels_last(_node(value)), _stored(axes), keep))


def _reshape(attributes: Attributes, value: Value, shape: Value) -> Node:
    return channels_first(ops.reshape(channels_last(_node(value)), _stored(shape), special_zero=False))


def _product(attributes: Attributes, left: Value, right: Value) -> Node:
    turned = (attributes.get(name, {}).get("b", False) for name in ("transpose_a", "transpose_b"))
    return ops.matmul(_node(left), _node(right), *turned)


def _relu(attributes: Attributes, value: Value) -> Node:
    return ops.relu(_node(value))


def _elementwise(name: str) -> Callable[..., Node]:
    """Of two values, the last axes of which TensorFlow pairs: an image's channels with as many stored numbers."""

    def build(attributes: Attributes, *values: Value) -> Node:
        most = max(map(_axes, values))
        left, right = (
            _node(each.reshape((1,) * (most - each.ndim) + each.shape) if isinstance(each, np.ndarray) else each)
            for each in values
        )
        if _axes(left) != _axes(right):
            raise WeightsError("combines computed numbers of different axes, which cannot be read")
        return getattr(ops, name)(left, right)

    return build


OPERATIONS: Mapping[str, Callable[..., Node]] = {
    "Add": _elementwise("add"),
    "AddV2": _elementwise("add"),
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "MatMul": _product,
    "Maximum": _elementwise("maximum"),
    "Mean": _mean,
    "Minimum": _elementwise("minimum"),
    "Mul": _elementwise("multiply"),
    "Pad": _pad,
    "Relu": _relu,
    "Reshape": _reshape,
    "Sub": _elementwise("subtract"),
}
"""By TensorFlow's name: what takes a node's attributes and its inputs. Raises WeightsError for what it cannot do."""
