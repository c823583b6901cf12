"""Bytes of an image file that nobody vouches for: a regular file of at most an agreed size, or an ImageError."""

import contextlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from datasets.errors import ImageError

MOST_BYTES = 64 * 2**20
"""Of an encoded image: more than any camera writes for the pixels that are decoded at all."""
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def obstacle(status: os.stat_result, most: int | None = MOST_BYTES) -> str:
    """Why a file of this status is not to be read: what it is, or more bytes than `most`; "" for an ordinary one."""
    if not stat.S_ISREG(status.st_mode):
        return f"is {_KINDS.get(stat.S_IFMT(status.st_mode), 'something else')}, not a regular file"
    if most is not None and status.st_size > most:
        return f"has {status.st_size / 2**20:,.0f} MiB, more than {most // 2**20}"
    return ""


def require_regular(path: Path) -> None:
    """Raise OSError for what is no regular file, of any size: opening a named pipe waits for whoever writes to it.

    FileNotFoundError is for what has no name either: a link that leads nowhere was something.
    """
    if path.is_symlink() and not path.exists():
        raise OSError("is a link that leads nowhere")
    if why := obstacle(path.stat(), most=None):
        raise OSError(why)


@contextlib.contextmanager
def opened(path: str | Path, name: str) -> Iterator[BufferedReader]:
    """The file, open for reading; opening never waits, as that of a named pipe would.

    Raises ImageError, which calls the file `name`, where it is not regular, too large, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            if why := obstacle(os.fstat(handle)):
                raise ImageError(f"{name}: {why}")
            yield file
    except (OSError, ValueError) as error:  # a path with a null byte is a ValueError
        raise ImageError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


def expanded(path: str | Path) -> Path:
    """The path with a home folder for its ~; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def read_image_file(path: str | Path, name: str) -> bytes:
    """All bytes of the file; raises ImageError as `opened` does."""
    with opened(path, name) as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:  # it grew meanwhile
        raise ImageError(f"{name}: has more than {MOST_BYTES // 2**20} MiB")
    return data
