"""Which other files an ONNX file's tensors lie in: the few fields of its protobuf that say so, and no others.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto: ModelProto.graph is field 7; a graph's nodes and initializers
are 1 and 5, a node's attributes 5, an attribute's tensor and graph 5 and 6; a tensor's external data are 13, a list of
keys (1) and values (2).
"""

import mmap
import stat
from collections.abc import Iterator
from pathlib import Path

from datasets.errors import WeightsError

_DEEPEST = 16
"""Graphs within graphs that are followed."""
_MOST_FIELDS = 1 << 20
"""Fields in one message; a graph has one for each node and tensor."""
_MOST_BYTES = 2 << 30
"""Of an ONNX file: protobuf's own limit. A larger network keeps its tensors in files beside it."""
_MOST_BESIDE = 32 << 30
"""Bytes of a file beside it: all of it is read for its digest."""


def external_files(path: Path) -> tuple[Path, ...]:
    """The files beside `path` in which tensors of its network lie, each once; none for a network in one file.

    Raises WeightsError for a file that is no ONNX file or larger than one can be, and for one that names a file outside
    its own folder, or one that is not regular or too large to be read.
    """
    try:
        _require_readable(path, _MOST_BYTES)
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        names = dict.fromkeys(_locations(content))
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}; check its place and permissions") from error
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} is no ONNX file, or a damaged one: export or fetch it again") from error
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise WeightsError(f"{path} keeps tensors in {name!r}, outside its own folder: do not trust this file")
    beside = tuple(path.parent / name for name in names)
    for each in beside:
        if each.exists():  # one that is absent is said by name when the network is read
            _require_readable(each, _MOST_BESIDE)
    return beside


def _require_readable(path: Path, most: int) -> None:
    """Raise WeightsError for a pipe, a device or a folder, which would hold up its reader, and for a huge file."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise WeightsError(f"{path} is not a regular file: name the file that export or download wrote")
    if status.st_size > most:
        raise WeightsError(
            f"{path} has {status.st_size / 2**30:,.0f} GiB, more than the {most >> 30} GiB that can be read: "
            "export it again"
        )


def _locations(model: memoryview) -> Iterator[str]:
    graphs = [value for number, value in _fields(model) if number == 7]
    if len(graphs) != 1:
        raise ValueError("no graph")
    yield from _in_graph(graphs[0], 0)


def _in_graph(graph: memoryview, depth: int) -> Iterator[str]:
    for number, value in _fields(graph):
        if number == 5:
            yield from _in_tensor(value)
        elif number == 1 and depth < _DEEPEST:
            for attribute in (inner for inside, inner in _fields(value) if inside == 5):
                for inside, inner in _fields(attribute):
                    if inside == 5:
                        yield from _in_tensor(inner)
                    elif inside == 6:
                        yield from _in_graph(inner, depth + 1)


def _in_tensor(tensor: memoryview) -> Iterator[str]:
    for number, value in _fields(tensor):
        if number == 13:
            entry = dict(_fields(value))
            if bytes(entry.get(1, b"")) == b"location":
                yield bytes(entry.get(2, b"")).decode("utf-8")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field that holds bytes; ValueError or IndexError where the message is broken."""
    place = count = 0
    while place < len(message):
        count += 1
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if number < 1 or count > _MOST_FIELDS:
            raise ValueError("no field has this number, or no message so many fields")
        if kind == 0:
            _, place = _varint(message, place)
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        elif kind == 2:
            length, place = _varint(message, place)
            if length > len(message) - place:
                raise ValueError("a field goes beyond its message")
            yield number, message[place : place + length]
            place += length
        else:
            raise ValueError(f"no kind of field is {kind}")
    if place > len(message):
        raise ValueError("ends in the middle of a field")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return value, place
    raise ValueError("a number without an end")
