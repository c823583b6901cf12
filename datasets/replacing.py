"""Files that are either the old version or the new one, never half of one."""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_ABANDONED_SECONDS = 3600.0
"""No file is being written for so long."""


@contextmanager
def write_atomically(path: Path, lasting: bool = True) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends well, and vanishes when it does not.

    Unless it is `lasting`, a machine that loses power may keep the new name and nothing in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        if error.errno is None:  # numpy's own, which counts what it could write
            raise OSError(errno.ENOSPC, f"not all could be written ({error})", str(path)) from error
        if error.filename in (None, str(partial)):  # a full disk names no file, others one that nobody asked for
            error.filename = str(path)
            del error.filename2  # None would be written out as a second file
        raise
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def unwritable(folder: Path) -> str:
    """Why no file can be put into `folder`, or into the one where it would be made; "" where nothing speaks against."""
    try:
        place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        if not place.is_dir():
            return os.strerror(errno.ENOTDIR)
        if os.access(place, os.W_OK | os.X_OK):
            return ""
        return os.strerror(errno.EROFS if os.statvfs(place).f_flag & os.ST_RDONLY else errno.EACCES)
    except OSError as error:
        return error.strerror or str(error)


def remove_abandoned(root: Path) -> None:
    """Remove what processes that were killed had half-written anywhere below `root`."""
    for partial in root.rglob(".*.part"):
        with contextlib.suppress(OSError):
            writer = partial.name.rsplit(".", 2)[1]
            old = time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS
            if old and writer.isdigit() and not Path(f"/proc/{writer}").exists():
                partial.unlink()
