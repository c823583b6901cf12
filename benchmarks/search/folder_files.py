"""Image files below a folder, found as a stream: nothing is listed whole, however many there are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets.folder import SUFFIXES

_ENDINGS = tuple(SUFFIXES)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """`path` is below the root, as the file system spells it; `size` in bytes."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def image_files(root: Path, unreadable: list[str]) -> Iterator[FoundFile]:
    """Every image file below `root` by its suffix, in the file system's order.

    Hidden files and folders are passed over; links are followed to files inside the root alone, never to folders.
    Folders that cannot be read are added to `unreadable`.
    """
    real_root = root.resolve()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif entry.name.lower().endswith(_ENDINGS) and (found := _found(entry, path, real_root)):
                        yield found
        except OSError as error:
            unreadable.append(f"{folder or root}: {error.strerror}")


def _found(entry: "os.DirEntry[str]", path: str, real_root: Path) -> FoundFile | None:
    """None for what is no file, has just vanished, or is a link that leads out of the root."""
    try:
        if not entry.is_file():
            return None
        if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            return None
        status = entry.stat()
    except OSError:
        return None
    return FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
