"""Arrays in .npz files that nobody vouches for: read without a pickle, in no more memory than the file has bytes."""

import math
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from datasets.reading import require_regular

UNREADABLE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, SyntaxError, zipfile.BadZipFile, zlib.error),
    tokenize.TokenError,  # numpy reads headers as Python
    RuntimeError,  # a zip version or compression that nobody knows, a member that says it is encrypted; deep nesting
)
"""What a damaged file makes json, numpy and zipfile stumble over."""


@contextmanager
def opened_arrays(path: Path, packed_bytes: int = 0) -> Iterator[NpzFile]:
    """The file, whose arrays are read when they are asked for by name.

    Raises ValueError for one that is not as `np.savez` writes it: packed smaller than its arrays, which may be larger
    than any memory, or told to be other than it is. `packed_bytes` allows packed arrays up to so many bytes each, for
    a reader that holds a few of them at a time. Other damage surfaces as any of zipfile's and numpy's errors.
    """
    require_regular(path)
    with path.open("rb") as stream, NpzFile(stream, allow_pickle=False) as file:
        members = file.zip.infolist()  # type: ignore[union-attr]
        if len({member.filename for member in members}) != len(members):
            raise ValueError("two arrays of one name")
        if sum(member.file_size for member in members if member.file_size > packed_bytes) > path.stat().st_size:
            raise ValueError("its arrays are larger than the file")
        for member in members:
            _require_array(file.zip, member)  # type: ignore[arg-type]
        yield file


def _require_array(file: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raise ValueError where a member's header tells of another array than there is room for, before it is made."""
    with file.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        try:
            shape, _, kind = read(stream)
        except MemoryError as error:  # how Python's parser ends at deep nesting
            raise ValueError(f"{member.filename}: its header cannot be read") from error
        size = math.prod(shape) * kind.itemsize
        if not kind.itemsize or any(not 0 <= side <= sys.maxsize for side in shape):
            raise ValueError(f"{member.filename}: no array is {shape} {kind}")
        if size != member.file_size - stream.tell():
            raise ValueError(f"{member.filename}: an array of {shape} {kind} in {member.file_size} bytes")
