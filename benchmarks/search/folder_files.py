"""Image files below a folder, found as a stream: nothing is listed whole, however many there are."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets.passed_over import PassedOver, is_output, is_output_in
from datasets.reading import obstacle
from datasets.safe_text import visible


@dataclass(frozen=True, slots=True)
class FoundFile:
    """`path` is below the root, as the file system spells it; `size` in bytes."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def image_files(root: Path, unreadable: list[str], passed_over: PassedOver | None = None) -> Iterator[FoundFile]:
    """Every image file below `root` by its suffix, in the file system's order.

    Hidden files and folders are passed over; links are followed to files inside the root alone, never to folders.
    Folders that cannot be read are added to `unreadable`, and what is named as an image but is no regular file; what is
    passed over, this tool's own output too, is counted.
    """
    passed_over = passed_over or PassedOver()
    real_root = root.resolve()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        output = is_output(root / folder)
        if output and folder:
            passed_over.outputs.append(visible(folder))
            continue
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    directory = _is_folder(entry)
                    if output and is_output_in(entry.name, directory):
                        passed_over.outputs.append(entry.name)
                    elif directory and entry.is_symlink():
                        passed_over.linked_folders += 1
                    elif directory:
                        waiting.append(path)
                    elif passed_over.takes_no_file(entry.name):
                        continue
                    elif found := _found(entry, path, real_root, unreadable):
                        yield found
                    elif entry.is_symlink():
                        passed_over.links += 1
        except OSError as error:
            unreadable.append(f"{folder or root}: {error.strerror}")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    """False for what cannot be looked at, as a link to itself: it costs no other entry."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _found(entry: "os.DirEntry[str]", path: str, real_root: Path, unreadable: list[str]) -> FoundFile | None:
    """None for what is no regular file, has just vanished, or is a link that leads out of the root."""
    try:
        if not entry.is_file():
            if not entry.is_symlink():
                unreadable.append(f"{path}: {obstacle(entry.stat())}")
            return None
        if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
            return None
        status = entry.stat()
    except OSError:
        return None
    return FoundFile(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
