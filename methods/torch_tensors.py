"""Reading the tensors of a PyTorch state dict without PyTorch, and without letting its pickle call anything.

The file is PyTorch's sequential format (written until release 1.6): five pickles - a magic number, the format's
version, the machine's type sizes, the state dict with references to storages, the storages' keys - and then each
storage, as its length and its raw little-endian numbers. In a pickle, names of functions stand to be called; the reader
here knows three of them, replaces each by a harmless one of its own, and refuses all others.
"""

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from datasets.errors import WeightsError

MAGIC = 0x1950A86A20F9469CFC6C
FORMAT_VERSION = 1001


class Storage(NamedTuple):
    """A flat run of numbers, named now and read later."""

    dtype: np.dtype
    key: str
    length: int


class View(NamedTuple):
    """A tensor: a window on a storage. Offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class StateDict(dict[str, Any]):
    """Tensors by name; the module versions that PyTorch attaches are dropped."""

    def __setstate__(self, state: object) -> None:
        """Ignore attached attributes."""


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    """All tensors of the state dict in `path`, as arrays of their own, float32 or int64.

    Raises WeightsError for a file of another format, or one that holds anything but plain tensors.
    """
    try:
        with path.open("rb") as file:
            views = _state_dict(file)
            storages = _storages(file, {view.storage.key: view.storage for view in views.values()})
            return {name: _tensor(view, storages[view.storage.key]) for name, view in views.items()}
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from error
    # The pickle of a broken file can fail in as many ways as there are opcodes.
    except Exception as error:
        raise WeightsError(f"{path} is no readable PyTorch state dict ({type(error).__name__}: {error})") from error


def _state_dict(file: BinaryIO) -> dict[str, View]:
    if _Unpickler(file).load() != MAGIC or _Unpickler(file).load() != FORMAT_VERSION:
        raise WeightsError("not in PyTorch's sequential format; save it with _use_new_zipfile_serialization=False")
    machine = _Unpickler(file).load()
    if machine.get("little_endian") is not True:
        raise WeightsError("was not written by a little-endian machine")
    state = _Unpickler(file).load()
    if not isinstance(state, dict) or not all(isinstance(view, View) for view in state.values()):
        raise WeightsError("holds something other than tensors by name")
    return state


def _storages(file: BinaryIO, wanted: dict[str, Storage]) -> dict[str, np.ndarray]:
    """The numbers of each storage, in the order of the keys that precede them."""
    keys = _Unpickler(file).load()
    if sorted(keys) != sorted(wanted):
        raise WeightsError("its tensors and its storages do not match")
    return {key: _numbers(file, wanted[key]) for key in keys}


def _numbers(file: BinaryIO, storage: Storage) -> np.ndarray:
    (length,) = struct.unpack("<q", file.read(8))
    if length != storage.length:
        raise WeightsError(f"a storage holds {length} numbers instead of {storage.length}")
    size = length * storage.dtype.itemsize
    # Reading in one go would reserve what a hostile length asks for; the file's end bounds it first.
    here = file.tell()
    if size > file.seek(0, 2) - here:
        raise WeightsError("ends in the middle of a storage")
    file.seek(here)
    return np.frombuffer(file.read(size), storage.dtype)


def _tensor(view: View, numbers: np.ndarray) -> np.ndarray:
    """A copy of the window in C order; a window that leaves its storage or repeats it is refused."""
    shape, strides = view.shape, view.strides
    if len(shape) != len(strides) or min((view.offset, *shape, *strides), default=0) < 0:
        raise WeightsError(f"a tensor of shape {shape} has offset {view.offset} and strides {strides}")
    last = view.offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    size = int(np.prod(shape, dtype=object))
    if size > len(numbers) or (size and last >= len(numbers)):
        raise WeightsError(f"a tensor of shape {shape} does not fit its storage of {len(numbers)} numbers")
    steps = [stride * numbers.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(numbers[view.offset :], shape, steps).copy()


def _rebuild_tensor(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_unused: object
) -> View:
    return View(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


_KNOWN: dict[tuple[str, str], Callable[..., Any] | np.dtype] = {
    ("collections", "OrderedDict"): StateDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}
"""Every global that may be named, and what stands for it here."""


class _Unpickler(pickle._Unpickler):
    """Plain data, the names of _KNOWN, references to storages, and nothing else.

    The implementation in Python: the one in C reserves as much memory as the largest memo number in a hostile file.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise WeightsError(f"asks for {module}.{name}, which no tensor needs; do not trust this file")
        return _KNOWN[module, name]

    def persistent_load(self, reference: Any) -> Storage:
        kind, dtype, key, _location, length, _view = reference
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise WeightsError("refers to something other than a storage of numbers")
        return Storage(dtype, str(key), int(length))
