"""Unpacking archives from the internet without trusting them.

Everything is unpacked beside the target and renamed at the end, so a failure leaves nothing half-done. Stricter than
tarfile's data filter: only plain files and folders (no data set here holds links, and they are how archives break
out), copied as bytes so that no mode, owner or time reaches the disk, within limits on what the archive says and on
what really comes out of it.
"""

import gzip
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from datasets.errors import DownloadError

Progress = Callable[[int], None]
"""Called with the number of members unpacked so far."""

_CHUNK = 1 << 20
_TAR_BLOCK = 512
_DEEPEST = 64
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    gzip.BadGzipFile,
    EOFError,
    NotImplementedError,  # a zip compression this Python does not know
    ValueError,  # header fields that are no numbers or no text
    IndexError,  # a member without a name
    struct.error,
    RecursionError,  # headers that each announce another one
)
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_LONGEST_HEADER = 1 << 20
"""Bytes: tarfile reads one whole, and most hold a path."""


class _RefusedError(Exception):
    """Why an archive is not unpacked."""


@dataclass
class _Budget:
    """What an archive may still unpack to."""

    bytes: int
    members: int

    def take_member(self, declared: int) -> None:
        self.members -= 1
        if self.members < 0:
            raise _RefusedError("it holds too many files")
        if declared > self.bytes:
            raise _RefusedError("it unpacks to more bytes than the data set has")

    def take_bytes(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            raise _RefusedError("it unpacks to more bytes than the data set has")


class _CappedStream:
    """A tar stream that ends in an error when it runs past its limit: headers and padding can be a bomb, too."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _RefusedError("it unpacks to more bytes than the data set has")
        return data


def unpack(
    archive: Path,
    target: Path,
    *,
    max_bytes: int,
    max_files: int,
    root: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Unpack a .tar, .tar.gz, .tgz or .zip into the new folder `target`; returns the number of files.

    With `root`, `target` becomes that top folder of the archive and members elsewhere are left out. `max_files`
    counts members, folders included. Raises DownloadError where the target exists, the archive is damaged or unsafe,
    or a limit is passed; nothing is left behind then.
    """
    if target.exists():
        raise DownloadError(f"{target} exists already; move it away to unpack {archive.name} again")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            contents = Path(folder) / "contents"
            contents.mkdir()
            files = _unpack_into(contents, archive, _Budget(max_bytes, max_files), root, progress)
            whole = contents / root if root else contents
            if not whole.is_dir() or files == 0:
                raise _RefusedError(f"it holds no files in a folder {root!r}" if root else "it holds no files")
            whole.rename(target)
            return files
    except _RefusedError as reason:
        raise DownloadError(f"{archive} is not unpacked: {reason}; fetch it again from its official source") from None
    except _DAMAGED as error:
        raise DownloadError(f"{archive} is damaged ({error}); delete it and fetch it again") from error
    except OSError as error:
        raise DownloadError(f"cannot unpack {archive} to {target}: {error.strerror or error}") from error


def _unpack_into(folder: Path, archive: Path, budget: _Budget, root: str | None, progress: Progress | None) -> int:
    members = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    files = 0
    for count, (name, content) in enumerate(members(archive, budget), start=1):
        place = _safe_name(name)
        if root is None or place.parts[:1] == (root,):
            path = folder.joinpath(place)
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                _copy(content, path, budget)
                files += 1
        if progress:
            progress(count)
    return files


def _safe_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise _RefusedError(f"member {name!r} points outside the target folder")
    if len(path.parts) > _DEEPEST:
        raise _RefusedError(f"a member lies {len(path.parts):,} folders deep, and no data set more than {_DEEPEST}")
    return path


def _copy(source: IO[bytes], path: Path, budget: _Budget) -> None:
    with path.open("xb") as file:
        while chunk := source.read(_CHUNK):
            budget.take_bytes(len(chunk))
            file.write(chunk)


def _tar_members(archive: Path, budget: _Budget) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Name and content (None for a folder) of each member, checked, in one pass over the stream."""
    with _tar_stream(archive) as stream:
        capped = _CappedStream(stream, budget.bytes + 4 * _TAR_BLOCK * (budget.members + 5))
        with tarfile.open(fileobj=capped, mode="r|", tarinfo=_Member) as tar:  # type: ignore[call-overload]
            for member in tar:
                budget.take_member(member.size)
                if not (member.isreg() or member.isdir()) or member.issparse():
                    raise _RefusedError(f"member {member.name!r} is a link, a device or otherwise no plain file")
                yield member.name, tar.extractfile(member)


class _Member(tarfile.TarInfo):
    """A member whose headers are of a bounded length."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _HEADERS and self.size > _LONGEST_HEADER:
            raise _RefusedError(f"a header says that it has {self.size:,} bytes")
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]


@contextmanager
def _tar_stream(archive: Path) -> Iterator[IO[bytes]]:
    name = archive.name.lower()
    if name.endswith((".tar.gz", ".tgz")):
        with gzip.open(archive) as stream:
            yield stream  # type: ignore[misc]
    elif name.endswith(".tar"):
        with archive.open("rb") as stream:
            yield stream
    else:
        raise _RefusedError("only .tar, .tar.gz, .tgz and .zip are unpacked")


def _zip_members(archive: Path, budget: _Budget) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Name and content (None for a folder) of each member, checked."""
    with zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            budget.take_member(info.file_size)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or info.flag_bits & 1:
                raise _RefusedError(
                    f"member {info.filename!r} is a link, a device, encrypted or otherwise no plain file"
                )
            if info.is_dir():
                yield info.filename, None
            else:
                with zipped.open(info) as content:
                    yield info.filename, content
