"""A Keras network on PyTorch as one graph of PyTorch's operations, with what follows a convolution folded into it.

Layer by layer, Keras (channels last) copies what goes into each convolution of PyTorch (channels first), and bias,
normalisation and activation are passes over memory of their own: on a CPU, MobileNetV2 takes five times as long as its
convolutions. Here nothing is copied - PyTorch's convolutions take either layout - and a convolution does the rest too.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

if TYPE_CHECKING:
    import keras

TRACED = 2
"""Images in the batch that a network is traced with."""
CHECKED = 3
"""Images in the batch on which the graph must give the network's own answers."""
TOLERANCE = 1e-4
"""Largest difference allowed there, as a share of the largest answer or of 1."""

_ATEN = torch.ops.aten
_ACTIVATIONS = {_ATEN.relu.default: "relu", _ATEN.hardtanh.default: "hardtanh", _ATEN.silu.default: "swish"}
"""What a convolution of oneDNN can end with, by oneDNN's name."""
_SCALE = {_ATEN.mul.Tensor: lambda c: (c, 0.0), _ATEN.div.Tensor: lambda c: (1 / c, 0.0)}
_SHIFT = {_ATEN.add.Tensor: lambda c: (1.0, c), _ATEN.sub.Tensor: lambda c: (1.0, -c)}
_AFFINE: dict[Any, Callable[[torch.Tensor], tuple[Any, Any]]] = {**_SCALE, **_SHIFT}
"""Factor and summand of an operation with a constant."""
_EITHER_WAY = {_ATEN.mul.Tensor, _ATEN.add.Tensor}
_VIEWS = {_ATEN.view.default, _ATEN._unsafe_view.default, _ATEN.reshape.default}
_ANY_LAYOUT = {
    _ATEN.convolution.default,
    _ATEN.constant_pad_nd.default,
    _ATEN.max_pool2d_with_indices.default,
    _ATEN.avg_pool2d.default,
    _ATEN.clone.default,
    _ATEN.reshape.default,
}
"""Operations that take numbers in any order of memory."""
_CHANNELS_LAST = [0, 2, 3, 1]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Captured:
    weights: list[torch.Tensor]
    versions: list[int]
    """How often each weight had been written to."""
    graphs: dict[tuple[int, ...], GraphModule | None] = field(default_factory=dict)
    """By an image's shape, as that decides on paddings; None where the network cannot be captured."""

    @property
    def holds(self) -> bool:
        """Whether the weights are what they were."""
        return [weight._version for weight in self.weights] == self.versions


_captured: "WeakKeyDictionary[keras.Model, _Captured]" = WeakKeyDictionary()


def graph_predicted(network: "keras.Model", batch: np.ndarray) -> list[np.ndarray]:
    """`network`'s outputs for a batch of any n: on the CPU by its graph, made for each shape and after new weights.

    Where a network cannot be captured, or its graph would answer otherwise, it runs layer by layer, and a warning says
    so.
    """
    known = _captured.get(network)
    if known is None or not known.holds:
        weights = [variable.value for variable in network.variables]
        known = _captured[network] = _Captured(weights, [weight._version for weight in weights])
    shape = batch.shape[1:]
    if shape not in known.graphs:
        known.graphs[shape] = _checked_graph(network, batch)
    graph = known.graphs[shape]
    return _layer_by_layer(network, batch) if graph is None else _run(graph, batch)


def _run(graph: GraphModule, batch: np.ndarray) -> list[np.ndarray]:
    with torch.inference_mode():
        outputs = graph(torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32)))
    return [each.numpy() for each in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _layer_by_layer(network: "keras.Model", batch: np.ndarray) -> list[np.ndarray]:
    outputs = network.predict_on_batch(batch)
    return [np.asarray(each) for each in (outputs if isinstance(outputs, list | tuple) else [outputs])]


def _checked_graph(network: "keras.Model", batch: np.ndarray) -> GraphModule | None:
    if any(variable.value.device.type != "cpu" for variable in network.variables):
        return None
    some = np.resize(batch, (CHECKED, *batch.shape[1:]))
    try:
        graph = captured(network, some[:TRACED])
        gap = max(_gap(*pair) for pair in zip(_run(graph, some), _layer_by_layer(network, some), strict=True))
    except Exception as error:  # whatever a layer does that a trace cannot follow
        _log.warning("%s runs layer by layer: its graph fails (%s)", network.name, error)
        return None
    if not gap <= TOLERANCE:
        _log.warning("%s runs layer by layer: its graph is off by %.2g", network.name, gap)
        return None
    return graph


def _gap(rows: np.ndarray, own: np.ndarray) -> float:
    """The largest difference as a share of the largest number or of 1; infinite for another shape."""
    if rows.shape != own.shape:
        return float("inf")
    return float(np.abs(rows - own).max(initial=0)) / max(1.0, float(np.abs(own).max(initial=0)))


def captured(network: "keras.Model", batch: np.ndarray) -> GraphModule:
    """The graph of `network` for batches of any size, traced with `batch` (TRACED, ...) float32."""

    def call(images: torch.Tensor) -> Any:
        return network(images, training=False)

    with torch.no_grad():
        example = torch.from_numpy(np.ascontiguousarray(batch, dtype=np.float32))
        graph = make_fx(torch.func.functionalize(call))(example)
        constant = _constants(graph)
        _take_any_size(graph, constant)
        _drop_copies(graph, constant)
        for node in list(graph.graph.nodes):
            if node.target is _ATEN.convolution.default and node not in constant and not node.args[6]:
                _fold(graph, node, constant)
    _drop_unused(graph)
    graph.recompile()
    return graph


def _constants(graph: GraphModule) -> set[Node]:
    """Nodes that do not depend on the batch."""
    found: set[Node] = set()
    for node in graph.graph.nodes:
        if node.op == "get_attr" or (node.op == "call_function" and found.issuperset(node.all_input_nodes)):
            found.add(node)
    return found


def _value(graph: GraphModule, node: Node) -> torch.Tensor:
    """What a constant node computes."""
    if node.op == "get_attr":
        value: Any = graph
        for name in str(node.target).split("."):
            value = getattr(value, name)
        return value.detach()
    values = [_value(graph, each) if isinstance(each, Node) else each for each in node.args]
    return node.target(*values, **node.kwargs)  # type: ignore[operator]


def _take_any_size(graph: GraphModule, constant: set[Node]) -> None:
    """Have shapes follow the batch's size, by reshapes: a view would ask for an order of memory."""
    for node in graph.graph.nodes:
        if node.target in _VIEWS and node not in constant:
            node.target = _ATEN.reshape.default
            first, *others = node.args[1]
            if first == TRACED and -1 not in others:
                node.args = (node.args[0], [-1, *others])


def _drop_copies(graph: GraphModule, constant: set[Node]) -> None:
    for node in reversed(list(graph.graph.nodes)):
        if node.target is _ATEN.clone.default and node not in constant:
            source = node.args[0]
            if isinstance(source, Node) and all(user.target in _ANY_LAYOUT for user in node.users):
                node.replace_all_uses_with(source)


def _fold(graph: GraphModule, conv: Node, constant: set[Node]) -> None:
    """`conv` with the constants that its answers are scaled by and shifted, and with the activation after that."""
    images, kernel, bias, strides, padding, dilation, _, _, groups = conv.args
    weight = _value(graph, kernel).double()  # type: ignore[arg-type]
    channels = len(weight)
    factor = torch.ones(channels, dtype=torch.float64)
    summand = torch.zeros(channels, dtype=torch.float64)
    if isinstance(bias, Node):
        summand = _value(graph, bias).double()
    last, turned, activation, numbers = conv, False, "none", []
    for node in _line(conv):
        if node.target is _ATEN.permute.default and node.args[1] == _CHANNELS_LAST and not turned:
            turned = True
        elif node.target in _ACTIVATIONS and activation == "none":
            activation, numbers = _ACTIVATIONS[node.target], list(node.args[1:])
        elif activation == "none" and (each := _channelwise(graph, node, constant, channels, turned)) is not None:
            more, shift = _AFFINE[node.target](each)
            factor, summand = factor * more, summand * more + shift
        else:
            break
        last = node
    weight = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    with graph.graph.inserting_before(last):
        constants = []
        for kind, value in (("weight", weight), ("bias", summand)):
            name = f"{conv.name}_{kind}"
            layout = {"memory_format": torch.channels_last} if value.ndim == 4 else {}
            graph.register_buffer(name, value.float().contiguous(**layout))
            constants.append(graph.graph.get_attr(name))
        settings = (padding, strides, dilation, groups, activation, numbers, "")
        made = graph.graph.call_function(
            torch.ops.mkldnn._convolution_pointwise.default, (images, *constants, *settings)
        )
        if turned:
            made = graph.graph.call_function(_ATEN.permute.default, (made, _CHANNELS_LAST))
    last.replace_all_uses_with(made)


def _line(node: Node) -> Iterator[Node]:
    """The nodes after `node`, as long as each is all that the one before is used for."""
    while len(node.users) == 1:
        node = next(iter(node.users))
        yield node


def _channelwise(
    graph: GraphModule, node: Node, constant: set[Node], channels: int, turned: bool
) -> torch.Tensor | None:
    """The constant (channels,) that `node` applies to feature maps; None where it does anything else."""
    if node.target not in _AFFINE or node.kwargs or len(node.args) != 2:
        return None
    left, right = node.args
    if isinstance(left, Node) and left in constant and node.target in _EITHER_WAY:
        left, right = right, left
    if isinstance(right, int | float):
        return torch.full((channels,), float(right), dtype=torch.float64)
    if not isinstance(right, Node) or right not in constant:
        return None
    value = _value(graph, right).double()
    wanted = (1, 1, 1, channels) if turned else (1, channels, 1, 1)
    if value.numel() == 1:
        return value.reshape(1).expand(channels)
    return value.reshape(-1) if value.shape == wanted else None


def _drop_unused(graph: GraphModule) -> None:
    """Without nodes and numbers that no answer depends on (in a functional graph, nothing else has an effect)."""
    for node in reversed(list(graph.graph.nodes)):
        if not node.users and node.op in ("call_function", "get_attr"):
            graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    held = {str(node.target) for node in graph.graph.nodes if node.op == "get_attr"}
    for name in {*graph._parameters, *graph._buffers, *vars(graph)} - held:
        if name in graph._parameters or name in graph._buffers or name.startswith(("_tensor_constant", "_param_con")):
            delattr(graph, name)
