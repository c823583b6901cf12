"""A TensorFlow.js graph model - a graph in JSON, its numbers in a file beside it - as a frozen TensorFlow graph.

The graph is TensorFlow's own GraphDef in protobuf's JSON form; of its constants only names, types and shapes stand
there. Nothing is executed: what comes out holds the same operations, with the numbers filled in.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import WeightsError

STORED = {"float32": "<f4", "int32": "<i4", "float16": "<f2"}
"""Numbers as they lie in the file, by the name that the JSON gives them."""


def frozen_graph(numbers: Path, output: str) -> bytes:
    """The part of the network that the tensor of node `output` needs, as a serialised GraphDef.

    `numbers` is the file of weights; the JSON lies beside it under the same name. Raises WeightsError for files that do
    not fit each other, or a node that is not there.
    """
    from google.protobuf import json_format
    from tensorflow.compat.v1.graph_util import extract_sub_graph
    from tensorflow.core.framework.graph_pb2 import GraphDef

    described = numbers.with_suffix(".json")
    try:
        model = json.loads(described.read_text(encoding="utf-8"))
        tensors = _tensors(model["weightsManifest"], numbers)
        graph = json_format.ParseDict(model["modelTopology"], GraphDef())
        _fill(graph, tensors)
        return extract_sub_graph(graph, [output]).SerializeToString()
    except WeightsError as error:
        raise WeightsError(f"{numbers}: {error}; fetch it again") from error
    except (OSError, ValueError, KeyError, TypeError, AssertionError, json_format.ParseError) as error:
        raise WeightsError(
            f"{described} and {numbers.name} are no TensorFlow.js graph model with a node {output!r} "
            f"({type(error).__name__}); fetch them again"
        ) from error


def _tensors(manifest: list[dict[str, Any]], numbers: Path) -> dict[str, np.ndarray]:
    """Every constant by name, half-precision numbers widened."""
    (group,) = manifest
    content, place, tensors = numbers.read_bytes(), 0, {}
    for entry in group["weights"]:
        stored = np.dtype(STORED[entry.get("quantization", entry)["dtype"]])
        size = int(np.prod(entry["shape"], dtype=np.int64)) * stored.itemsize
        if size < 0 or place + size > len(content):
            raise WeightsError(f"ends before the numbers of {entry['name']!r}")
        values = np.frombuffer(content[place : place + size], stored).reshape(entry["shape"])
        tensors[entry["name"]] = values.astype(STORED[entry["dtype"]])
        place += size
    if place != len(content):
        raise WeightsError(f"holds {len(content):,} bytes, and its description accounts for {place:,}")
    return tensors


def _fill(graph: Any, tensors: dict[str, np.ndarray]) -> None:
    for node in graph.node:
        if node.op == "Const":
            value, tensor = tensors[node.name], node.attr["value"].tensor
            if [dim.size for dim in tensor.tensor_shape.dim] != list(value.shape):
                raise WeightsError(f"{node.name!r} has another shape in the graph than in the file")
            tensor.tensor_content = value.tobytes()
