"""Files as PyTorch's sequential format lays them out, written without PyTorch."""

import pickle
import struct
import sys
import types

import numpy as np

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def _named(module, name):
    """A class that pickles as `module.name`."""
    return type(name, (), {"__module__": module})


FloatStorage, LongStorage = _named("torch", "FloatStorage"), _named("torch", "LongStorage")


def _rebuild_tensor_v2(*arguments):
    raise AssertionError("only its name is written")


_rebuild_tensor_v2.__module__ = "torch._utils"


class Stored:
    """A storage, to be referred to by `key`."""

    def __init__(self, key, numbers, kind=FloatStorage):
        self.key, self.numbers, self.kind = key, numbers, kind


class Tensor:
    """A window on a storage; strides in elements."""

    def __init__(self, storage, shape, strides, offset=0):
        self.arguments = (storage, offset, shape, strides, False, {})

    def __reduce__(self):
        return _rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if isinstance(thing, Stored):
            return ("storage", thing.kind, thing.key, "cpu", len(thing.numbers), None)
        return None


def write_state(path, state, storages, monkeypatch, magic=MAGIC, lengths=None):
    """Write `state` (names to Tensors, or whatever a test wants) and its storages."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage, torch.LongStorage, utils._rebuild_tensor_v2 = FloatStorage, LongStorage, _rebuild_tensor_v2
    with path.open("wb") as file, monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch", torch)
        patch.setitem(sys.modules, "torch._utils", utils)
        for header in (magic, VERSION, MACHINE):
            pickle.dump(header, file, protocol=2)
        _Pickler(file, protocol=2).dump(state)
        pickle.dump([storage.key for storage in storages], file, protocol=2)
        for number, storage in enumerate(storages):
            file.write(struct.pack("<q", lengths[number] if lengths else len(storage.numbers)))
            file.write(np.asarray(storage.numbers).tobytes())
    return path
