"""TensorFlow.js graph models that tests write themselves, and what TensorFlow makes of them."""

import base64
import json

import numpy as np

FLOAT = {"T": {"type": "DT_FLOAT"}}


def word(text):
    return {"s": base64.b64encode(text.encode()).decode()}


def steps(*numbers):
    return {"list": {"i": [str(number) for number in numbers]}}


def node(name, op, inputs=(), **attributes):
    return {"name": name, "op": op, "input": [*inputs], "attr": {**FLOAT, **attributes}}


def placeholder(*shape):
    return {
        "name": "data",
        "op": "Placeholder",
        "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": [{"size": str(side)} for side in shape]}}},
    }


def write_graph(folder, nodes, constants, half=()):
    """net.json and net.bin; those of `constants` (name -> array) in `half` are kept in half precision."""
    written, entries, content = [], [], b""
    for name, array in constants.items():
        kind = "DT_INT32" if array.dtype == np.int32 else "DT_FLOAT"
        tensor = {"dtype": kind, "tensorShape": {"dim": [{"size": str(side)} for side in array.shape]}}
        written.append({"name": name, "op": "Const", "attr": {"dtype": {"type": kind}, "value": {"tensor": tensor}}})
        entry = {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        if name in half:
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        entries.append(entry)
        content += array.astype("<f2" if name in half else array.dtype).tobytes()
    described = {
        "modelTopology": {"node": [*nodes, *written]},
        "weightsManifest": [{"paths": ["net.bin"], "weights": entries}],
    }
    (folder / "net.json").write_text(json.dumps(described))
    (folder / "net.bin").write_bytes(content)
    return folder / "net.bin"


def by_tensorflow(path, output, fed):
    """What TensorFlow's own reader of graphs computes of `fed` (n, ...) float32."""
    import tensorflow as tf
    from google.protobuf import json_format

    described = json.loads(path.with_suffix(".json").read_text())
    graph = json_format.ParseDict(described["modelTopology"], tf.compat.v1.GraphDef())
    content, place, values = path.read_bytes(), 0, {}
    for entry in described["weightsManifest"][0]["weights"]:
        kept = np.dtype(entry.get("quantization", entry)["dtype"])
        count = int(np.prod(entry["shape"]))
        values[entry["name"]] = np.frombuffer(content, kept, count, place).astype(entry["dtype"])
        place += count * kept.itemsize
    names = {}
    for each in graph.node:
        if each.op == "Const":
            each.attr["value"].tensor.tensor_content = values[each.name].tobytes()
        names[each.op] = each.name
    run = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return run.prune(f"{names['Placeholder']}:0", f"{output}:0")(tf.constant(fed)).numpy()
