"""An .npz file gives the arrays that were written, or ends as damaged: in bounded memory, without a pickle."""

import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from benchmarks.system.files import DamagedFile, read_arrays, read_members
from datasets.array_files import UNREADABLE, opened_arrays
from methods.training.checkpoint import load_arrays


def member(header, data=b"", version=(1, 0)):
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version == (1, 0) else "<I", len(text)) + text + data


def of(descr, shape):
    return member(f"{{'descr':'{descr}','fortran_order':False,'shape':{shape}}}")


HOSTILE = {
    "more than there is": of("<i8", "(100000000000000,)"),
    "a negative size": of("<i8", "(-5,)"),
    "two negative sizes": of("<i8", "(-1,-1)"),
    "nothing, but huge": of("<i8", "(0,100000000000000000000)"),
    "of no size, but many": of("|V0", "(1000000000000,)"),
    "one huge element": of("|V2147483647", "(1,)"),
    "many sides": of("<i8", f"({'1,' * 100})"),
    "a pickle": of("|O", "(5,)") + b"cos\nsystem\n(S'id'\ntR.",
    "deep brackets": member("(" * 9000),
    "deep signs": member("-" * 9000 + "1"),
    "a long header": member("{'descr':'<i8','fortran_order':False,'shape':(1,)}" + " " * 60000, bytes(8)),
    "a newer version": member("{}", version=(9, 0)),
    "no array": b"text",
    "empty": b"",
}
READERS = [lambda path: read_arrays(path, ("a",)), lambda path: read_members(path, ("a",))]


def written(path, *members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_array_is_damaged(tmp_path, kind, read):
    path = written(tmp_path / "a.npz", ("a.npy", HOSTILE[kind]))
    with pytest.raises(DamagedFile):
        read(path)
    assert load_arrays(path) is None


def packed(path, size=(1 << 28) + 8):
    """256 MiB of zeros, and one more, in a quarter of a megabyte."""
    header = of("<i8", f"({size // 8},)")
    return written(path, ("a.npy", header + bytes(size)), compression=zipfile.ZIP_DEFLATED)


def twice(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        return written(path, ("a.npy", of("<i8", "(0,)")), ("a.npy", of("<i8", "(0,)")))


def many_times(path):
    """A directory whose many entries are all the same megabyte."""
    written(path, ("a.npy", of("<i8", f"({1 << 17},)") + bytes(1 << 20)))
    with zipfile.ZipFile(path, "a") as file:
        first = file.infolist()[0]
        for number in range(200):
            again = zipfile.ZipInfo(f"{number}.npy")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, name, getattr(first, name))
            file.filelist.append(again)
        file._didModify = True
    return path


def lone(path):
    """No archive at all: numpy reads an array from any file."""
    path.write_bytes(of("<i8", "(100000000000000,)"))
    return path


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("make", [packed, twice, many_times, lone])
def test_an_archive_takes_no_more_memory_than_it_has_bytes(tmp_path, make, read):
    path = make(tmp_path / "a.npz")
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFile):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


def test_packed_arrays_are_read_where_few_are_held_at_a_time(tmp_path):
    path = packed(tmp_path / "a.npz", 8000)
    assert np.array_equal(read_members(path, ("a",))["a"], np.zeros(1000, np.int64))
    with pytest.raises(DamagedFile, match="larger than the file"):
        read_arrays(path)


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UNREADABLE, match="a named pipe"), opened_arrays(tmp_path / "pipe"):
        pass


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5),
        np.float32(3),
        np.zeros((0, 7)),
        np.array(["a", "ü"]),
        np.array("text"),
        np.asfortranarray(np.ones((3, 4), bool)),
        np.zeros(2, np.dtype([("one", np.int32), ("zwölf", np.float32, (2, 2))])),
    ],
    ids=lambda array: f"{np.asarray(array).dtype}{np.shape(array)}",
)
def test_what_was_written_is_read(tmp_path, array):
    np.savez(tmp_path / "a.npz", a=array, other=np.arange(3))
    (found,) = [read_arrays(tmp_path / "a.npz", ("a",))["a"]]
    assert found.dtype == np.asarray(array).dtype
    assert np.array_equal(found, array)
