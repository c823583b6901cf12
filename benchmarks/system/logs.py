"""A cell's log, bounded: its beginning and its end are kept, however much was written."""

import contextlib
import os
from pathlib import Path

from datasets.safe_text import one_line

LARGEST = 1 << 20
"""Bytes of a log that is kept whole."""
_HEAD = _TAIL = LARGEST // 4
_TAIL_LINES = 20
_TAIL_BYTES = 1 << 14
_LINE = 400


def trim(path: Path, largest: int = LARGEST) -> None:
    """Cut the middle out of a log of more than `largest` bytes, and say so there; what is open appends to it still.

    What a process writes meanwhile is taken along; only in the moment between the last look and the cut can a line be
    lost.
    """
    with contextlib.suppress(OSError), path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        if size <= largest:
            return
        file.seek(size - _TAIL)
        end = file.read(_TAIL)
        file.seek(_HEAD)
        file.write(f"\n[... {size - _HEAD - len(end):,} bytes of the log left out ...]\n".encode() + end)
        taken = size
        while taken < size + LARGEST and (more := os.pread(file.fileno(), _TAIL, taken)):  # a flood is not followed
            file.write(more)
            file.flush()
            taken += len(more)
        file.truncate()


def tail(path: Path) -> str:
    """The last lines of a log, each in printable characters; "" where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(one_line(line, _LINE) for line in text.splitlines()[-_TAIL_LINES:])
