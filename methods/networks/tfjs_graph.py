"""A TensorFlow.js graph model - a graph in JSON, its numbers in a file beside it - as an OpenVINO model.

The graph is TensorFlow's own GraphDef in protobuf's JSON form; of its constants only names, types and shapes stand
there. Nothing of TensorFlow is needed, and nothing in the files is executed.
"""

import json
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from datasets.errors import WeightsError
from methods.networks.openvino_file import reason
from methods.networks.tfjs_operations import OPERATIONS, Value, channels_first, channels_last

STORED = {"float32": "<f4", "int32": "<i4", "float16": "<f2"}
"""Numbers as they lie in the file, by the name that the JSON gives them."""

Described = Mapping[str, Any]
"""A node of the graph, as protobuf's JSON writes it."""


def graph_model(numbers: Path, output: str) -> openvino.Model:
    """The part of the network that node `output` needs, fed (n, height, width, channels) float32.

    `numbers` is the file of weights; the JSON lies beside it under the same name. Raises WeightsError for files that do
    not fit each other, a node that is not there, or an operation that is none of OPERATIONS.
    """
    described = numbers.with_suffix(".json")
    try:
        model = json.loads(described.read_text(encoding="utf-8"))
        tensors = _tensors(model["weightsManifest"], numbers)
        return _model(_needed(model["modelTopology"]["node"], output), tensors, output)
    except WeightsError as error:
        raise WeightsError(f"{numbers}: {error}") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise WeightsError(
            f"{described} and {numbers.name} are no TensorFlow.js graph model with a node {output!r} "
            f"({type(error).__name__}: {reason(error)}); fetch them again"
        ) from error


def _tensors(manifest: list[dict[str, Any]], numbers: Path) -> dict[str, np.ndarray]:
    """Every constant by name, half-precision numbers widened."""
    (group,) = manifest
    content, place, tensors = numbers.read_bytes(), 0, {}
    for entry in group["weights"]:
        stored = np.dtype(STORED[entry.get("quantization", entry)["dtype"]])
        size = int(np.prod(entry["shape"], dtype=np.int64)) * stored.itemsize
        if size < 0 or place + size > len(content):
            raise WeightsError(f"ends before the numbers of {entry['name']!r}; fetch it again")
        values = np.frombuffer(content[place : place + size], stored).reshape(entry["shape"])
        tensors[entry["name"]] = values.astype(STORED[entry["dtype"]])
        place += size
    if place != len(content):
        raise WeightsError(f"holds {len(content):,} bytes, and its description accounts for {place:,}; fetch it again")
    return tensors


def _needed(nodes: list[Described], output: str) -> dict[str, Described]:
    """The nodes that `output` is computed from, each after its inputs. Raises CycleError, KeyError."""
    named = {node["name"]: node for node in nodes}
    inputs: dict[str, list[str]] = {}
    left = [output]
    while left:
        name = left.pop()
        if name not in inputs:
            inputs[name] = _inputs(named[name])
            left += inputs[name]
    return {name: named[name] for name in TopologicalSorter(inputs).static_order()}


def _inputs(node: Described) -> list[str]:
    """Names of the nodes whose first outputs a node is given; all of OPERATIONS have one output."""
    given = [name for name in node.get("input", []) if not name.startswith("^")]  # "^name" only says: not before it
    return [name.removesuffix(":0") for name in given]


def _model(nodes: dict[str, Described], tensors: Mapping[str, np.ndarray], output: str) -> openvino.Model:
    fed: list[openvino.Node] = []
    values: dict[str, Value] = {}
    for name, node in nodes.items():
        attributes = node.get("attr", {})
        if node["op"] == "Const":
            values[name] = _constant(name, attributes, tensors)
        elif node["op"] == "Placeholder":
            shape = [int(axis["size"]) for axis in attributes["shape"]["shape"]["dim"]]
            fed.append(openvino.opset8.parameter(shape, np.float32, name))
            values[name] = channels_first(fed[-1])
        else:
            values[name] = _operation(name, node["op"], attributes, [values[each] for each in _inputs(node)])
    return openvino.Model([channels_last(values[output])], fed)


def _constant(name: str, attributes: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    shape = [int(axis["size"]) for axis in attributes["value"]["tensor"]["tensorShape"].get("dim", [])]
    if shape != list(tensors[name].shape):
        raise WeightsError(f"{name!r} has another shape in the graph than in the file; fetch both again")
    return tensors[name]


def _operation(name: str, kind: str, attributes: Mapping[str, Any], inputs: list[Value]) -> openvino.Node:
    if kind not in OPERATIONS:
        raise WeightsError(
            f"{name!r} is the operation {kind}, and only {', '.join(OPERATIONS)} can be read; save it as ONNX"
        )
    try:
        return OPERATIONS[kind](attributes, *inputs)
    except WeightsError as error:
        raise WeightsError(f"{name!r} ({kind}) {error}") from error
