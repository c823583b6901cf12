"""Files as they are stored: each written whole (see `datasets.replacing`); and the one place that reads them back."""

import contextlib
import errno
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from benchmarks.rows.schema import misfit, missing
from datasets.array_files import UNREADABLE, opened_arrays
from datasets.errors import BenchmarkError
from datasets.notes import note
from datasets.reading import require_regular
from datasets.replacing import write_atomically
from datasets.seals import SEAL, sealed, unsealed

T = TypeVar("T")
Record = TypeVar("Record", bound=Mapping[str, object])

_ROOM = 1 << 16
"""Bytes that any result takes."""
_PACKED = 1 << 28
"""Bytes of an array that is read from a packed archive, at most: a slab of statistics takes some 8 MiB."""
_fitting: set[tuple[object, object]] = set()
"""Checksums of records that were found to fit a definition, with that: tables read each row a dozen times."""


class DamagedFile(BenchmarkError):  # noqa: N818  what it is of, not that it is an error, is what callers ask
    """A stored file is not what was written: it is made again, or its row says so."""

    def __init__(self, path: Path, reason: object) -> None:
        said = " ".join(str(reason).split())[:200]
        super().__init__(f"stored file damaged: {path} is damaged ({said}); run what made it again")


class NewerFileError(BenchmarkError):
    """A stored file was written by a newer version, which knows more of it than this one."""


def flush_folder(folder: Path) -> None:
    """Have all files of a folder on the disk before it gets its name."""
    for path in [*(each for each in folder.rglob("*") if each.is_file()), folder]:
        with contextlib.suppress(OSError):  # a file system that cannot
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    with write_atomically(path) as file:
        file.write((json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Write a JSON object with its checksum, atomically; `read_record` reads it back."""
    write_json(path, sealed(record))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, atomically."""
    with write_atomically(path) as file:
        file.write(text.encode())


def require_room(folder: Path) -> None:
    """Raise OSError, which names `folder`, where its disk is full, or the user's share of it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
            file.flush()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, error.strerror, str(folder)) from error


def read_json(path: Path) -> Any:
    """The JSON value in `path`, or None if there is no such file; raises DamagedFile for one that is damaged."""
    try:
        require_regular(path)
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE as error:
        raise DamagedFile(path, error) from error
    if value is None:
        raise DamagedFile(path, "it holds nothing")
    return value


def read_record(path: Path, kind: type[Record], schema: int | None = None) -> Record | None:
    """The JSON object in `path`, of `kind` (a TypedDict), or None if there is none, or one of an older `schema`.

    One without a checksum, of an older version, has to have every key that `kind` requires.
    Raises DamagedFile for one that is damaged or does not fit `kind`, NewerFileError for one of a newer schema.
    """
    record = read_json(path)
    if record is None:
        return None
    if not isinstance(record, dict):
        raise DamagedFile(path, "it holds no record")
    if schema is not None:
        found = record.get("schema")
        if not isinstance(found, int):
            raise DamagedFile(path, "it names no schema")
        if found > schema:
            raise NewerFileError(
                f"{path} was written by a newer version (schema {found}, this one knows {schema}): update this "
                "installation, or name another folder with --out"
            )
        if found < schema:
            return None
    if SEAL not in record and (lacking := missing(record, kind)):
        raise DamagedFile(path, f"without {', '.join(lacking)}")
    seal = record.get(SEAL)
    known = isinstance(seal, str) and (seal, kind) in _fitting
    if not known and (odd := misfit(record, kind)):
        raise DamagedFile(path, odd)
    try:
        intact = cast(Record, unsealed(record))
    except ValueError as error:
        raise DamagedFile(path, error) from error
    if isinstance(seal, str):
        _fitting.add((seal, kind))
    return intact


def read_arrays(path: Path, names: Sequence[str] = ()) -> dict[str, np.ndarray] | None:
    """The arrays in an .npz file, `names` among them, or None if there is none; raises DamagedFile."""
    try:
        with opened_arrays(path) as file:
            arrays = dict(file)
        for name in names:
            arrays[name]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UNREADABLE as error:
        raise DamagedFile(path, error) from error
    return arrays


def member_checksums(path: Path) -> dict[str, int]:
    """The CRC-32 of every array in an .npz file, by name: reading an array checks it, so equal ones are equal arrays.

    Raises DamagedFile.
    """
    try:
        require_regular(path)
        with zipfile.ZipFile(path) as file:
            return {member.filename: member.CRC for member in file.infolist()}
    except UNREADABLE as error:
        raise DamagedFile(path, error) from error


@contextmanager
def members_of(path: Path) -> Iterator[Callable[[Sequence[str]], dict[str, np.ndarray]]]:
    """Reads arrays of an .npz file by name, which is opened once: for one too large to be read whole, packed or not.

    Opening and reading raise DamagedFile.
    """
    with ExitStack() as held:
        try:
            file = held.enter_context(opened_arrays(path, _PACKED))
        except UNREADABLE as error:
            raise DamagedFile(path, error) from error

        def read(names: Sequence[str]) -> dict[str, np.ndarray]:
            try:
                return {name: file[name] for name in names}
            except UNREADABLE as error:
                raise DamagedFile(path, error) from error

        yield read


def read_members(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays `names` of an .npz file, and no others; raises DamagedFile."""
    with members_of(path) as read:
        return read(names)


def intact(read: Callable[[Path], T | None], paths: Iterable[Path]) -> Iterator[T]:
    """What `read` makes of each path; those that are damaged are noted on standard error and left out."""
    for path in paths:
        if (found := if_intact(read, path)) is not None:
            yield found


def if_intact(read: Callable[[Path], T | None], path: Path) -> T | None:
    """What `read` makes of `path`, or None, with a note, where that is damaged."""
    try:
        return read(path)
    except DamagedFile as error:
        note(str(error))
        return None
