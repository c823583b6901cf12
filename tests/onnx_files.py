"""Small ONNX files, written field by field, so that tests need no package for them (onnx.proto names the fields)."""

import json
import struct

import numpy as np

FLOAT, UINT8, INT64, BOOL = 1, 2, 7, 9
NUMPY = {FLOAT: np.float32, UINT8: np.uint8, INT64: np.int64}


def varint(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    if isinstance(content, float):
        return varint(number << 3 | 5) + struct.pack("<f", content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def value_info(name, shape, kind=FLOAT):
    """`shape` holds numbers, and names for axes that are open."""
    axes = b"".join(field(1, field(1 if isinstance(axis, int) else 2, axis)) for axis in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, axes)))


def tensor(name, array, location=""):
    """With `location` the numbers lie in that file, and nowhere here."""
    kind = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}[array.dtype]
    head = b"".join(field(1, side) for side in array.shape) + field(2, kind) + field(8, name)
    if not location:
        return head + field(9, array.tobytes())
    entry = field(13, field(1, "location") + field(2, location))
    return head + entry + field(14, 1)


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, bytes):
        return field(1, name) + field(6, value) + field(20, 5)
    return field(1, name) + b"".join(field(8, each) for each in value) + field(20, 7)


def node(op, inputs, outputs, **attributes):
    names = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    own = b"".join(field(5, attribute(name, value)) for name, value in attributes.items())
    return names + field(3, outputs[0]) + field(4, op) + own


def graph(nodes, inputs, outputs, tensors=()):
    inside = b"".join(field(1, each) for each in nodes) + field(2, "graph") + b"".join(field(5, t) for t in tensors)
    return inside + b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)


def model(nodes, inputs, outputs, tensors=()):
    return field(1, 8) + field(7, graph(nodes, inputs, outputs, tensors)) + field(8, field(1, "") + field(2, 13))


def weights(channels=3, numbers=5, seed=0):
    return np.random.default_rng(seed).normal(size=(numbers, channels, 3, 3)).astype(np.float32)


def small_network(shape=("n", 3, 16, 16), kind=FLOAT, numbers=5, location=""):
    """One convolution without padding, then the mean of each channel: (n, numbers). NHWC and bytes are turned first."""
    first = shape[1] in (1, 3)
    channels = shape[1] if first else shape[3]
    nodes, name = [], "image"
    if kind != FLOAT:
        nodes.append(node("Cast", [name], ["floats"], to=FLOAT))
        name = "floats"
    if not first:
        nodes.append(node("Transpose", [name], ["turned"], perm=[0, 3, 1, 2]))
        name = "turned"
    nodes += [
        node("Conv", [name, "kernel"], ["map"], kernel_shape=[3, 3]),
        node("GlobalAveragePool", ["map"], ["pooled"]),
        node("Flatten", ["pooled"], ["embedding"], axis=1),
    ]
    kernel = tensor("kernel", weights(channels, numbers), location)
    return model(nodes, [value_info("image", shape, kind)], [value_info("embedding", (shape[0], numbers))], [kernel])


def expected(pixels, numbers=5):
    """What `small_network` gives for pixels (n, height, width, channels), in numpy."""
    kernel = weights(pixels.shape[3], numbers).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(pixels.astype(np.float64), (3, 3), axis=(1, 2))
    return np.einsum("nhwcij,ocij->nhwo", windows, kernel).mean(axis=(1, 2))


HUGE = {
    "Tile": (["image", "shape"], [1, 1, 6000, 6000]),
    "Resize": (["image", "", "", "shape"], [1, 3, 120_000, 120_000]),
    "Expand": (["pixel", "shape"], [1, 3, 120_000, 120_000]),
    "ConstantOfShape": (["shape"], [1, 3, 120_000, 120_000]),
}


def huge_network(op):
    """A few hundred bytes that want more than 100 GB for one image of 16 x 16, through an `op` of HUGE."""
    inputs, shape = HUGE[op]
    nodes = [
        node("GlobalAveragePool", ["image"], ["pixel"]),
        node(op, inputs, ["huge"]),
        node("ReduceMean", ["huge"], ["mean"], axes=[2, 3], keepdims=1),
        node("Add", ["pixel", "mean"], ["sum"]),
        node("Flatten", ["sum"], ["embedding"], axis=1),
    ]
    tensors = [tensor("shape", np.array(shape, dtype=np.int64))]
    return model(nodes, [value_info("image", (1, 3, 16, 16))], [value_info("embedding", (1, 3))], tensors)


def endless_network():
    """Adds an image to itself 2^62 times."""
    image = value_info("x", (1, 3, 16, 16))
    own = [value_info("count", (), INT64), value_info("on", (), BOOL), image]
    left = [value_info("still", (), BOOL), value_info("more", (1, 3, 16, 16))]
    body = graph([node("Identity", ["on"], ["still"]), node("Add", ["x", "x"], ["more"])], own, left)
    nodes = [
        node("Loop", ["turns", "yes", "image"], ["sum"], body=body),
        node("GlobalAveragePool", ["sum"], ["pixel"]),
        node("Flatten", ["pixel"], ["embedding"], axis=1),
    ]
    tensors = [
        tensor("turns", np.array(2**62, dtype=np.int64)),
        field(2, BOOL) + field(8, "yes") + field(9, b"\1"),
    ]
    return model(nodes, [value_info("image", (1, 3, 16, 16))], [value_info("embedding", (1, 3))], tensors)


WORDS = {"[PAD]": 0, "[UNK]": 1, "red": 2, "green": 3, "blue": 4}
COLOURS = np.array([[0, 0, 0], [0.1, 0.1, 0.1], *np.eye(3)], dtype=np.float32)
"""A row for each of WORDS: what `colour_network` gives for a picture of that colour, but for its length."""


def colour_network():
    """The mean colour of an image of 16 x 16: (1, 3)."""
    nodes = [node("GlobalAveragePool", ["image"], ["pooled"]), node("Flatten", ["pooled"], ["colour"], axis=1)]
    return model(nodes, [value_info("image", ("n", 3, 16, 16))], [value_info("colour", ("n", 3))])


def text_network(width="tokens", masked=False, numbers=3, texts=1):
    """The mean of the rows of a text's words: (1, numbers); `masked`: the sum of those that the mask lets through."""
    inputs = [value_info("input_ids", (texts, width), INT64)]
    nodes = [node("Gather", ["table", "input_ids"], ["rows"])]
    if masked:
        inputs.append(value_info("attention_mask", (1, width), INT64))
        nodes += [
            node("Cast", ["attention_mask"], ["floats"], to=FLOAT),
            node("Unsqueeze", ["floats", "axis"], ["mask"]),
            node("MatMul", ["mask", "rows"], ["sums"]),
            node("Squeeze", ["sums", "axis"], ["text_embeds"]),
        ]
    else:
        nodes.append(node("ReduceMean", ["rows"], ["text_embeds"], axes=[1], keepdims=0))
    table = np.resize(COLOURS, (len(COLOURS), numbers)) if numbers != 3 else COLOURS
    tensors = [tensor("table", table), tensor("axis", np.array([1], dtype=np.int64))]
    return model(nodes, inputs, [value_info("text_embeds", (1, numbers))], tensors[: 2 if masked else 1])


def tokenizer(padding=None):
    """A tokenizer.json of WORDS, by the format of the `tokenizers` package."""
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": padding,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
    }
    return json.dumps(document)
