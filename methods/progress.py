"""How far a long piece of work has come, for whoever watches it from another process.

A mapped file of a few bytes: saying where one is costs a store to memory, no system call. Where nobody asked for it
nothing happens at all. Timed passes never report: what is watched is the image set that an accuracy pass is given.
"""

import copy
import mmap
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from datasets.imageset import Image, ImageSet, Source

_COUNTS = struct.Struct("<qqd")
_SIZE = 128


class Progress(NamedTuple):
    """So many of `total` are done of `what` ("images indexed"); `total` 0 where nobody knows."""

    what: str
    done: int
    total: int
    since: float = 0.0
    """When the work began, in seconds since the epoch."""

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at the pace so far; None where that cannot be said."""
        if not 0 < self.done < self.total or not self.since:
            return None
        return max(0.0, time.time() - self.since) * (self.total - self.done) / self.done


_file: mmap.mmap | None = None
_what = ""
_since = 0.0


@contextmanager
def shown_in(path: Path) -> Iterator[None]:
    """Keep what this process reports in the file `path`, which is gone at the end of the block."""
    global _file
    with path.open("w+b") as file:
        file.truncate(_SIZE)
        _file = mmap.mmap(file.fileno(), _SIZE)
    try:
        yield
    finally:
        _file = None
        path.unlink(missing_ok=True)


def report(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` are done of `what`, such as "epochs trained"."""
    global _what, _since
    if _file is not None:
        if what != _what or not done:
            _what, _since = what, time.time()
        _COUNTS.pack_into(_file, 0, done, total, _since)
        _file[_COUNTS.size :] = what.encode()[: _SIZE - _COUNTS.size].ljust(_SIZE - _COUNTS.size, b"\0")


def watched(images: ImageSet, what: str, shares: int = 1) -> ImageSet:
    """The same images; each one that is decoded is reported, as `what` ("images indexed").

    Of images shared out among several processes at one pace, each reports its own as all of them.
    """
    if _file is None:
        return images
    report(what, 0, shares * len(images))
    counted = copy.copy(images)
    counted.source = _Counted(images.source, what, len(images), shares)
    return counted


def read(path: Path) -> Progress | None:
    """What was last reported in the file; None where nothing was."""
    try:
        content = path.read_bytes()
        done, total, since = _COUNTS.unpack_from(content)
    except (OSError, struct.error):
        return None
    what = content[_COUNTS.size :].rstrip(b"\0").decode(errors="replace")
    return Progress(what, done, total, since) if what else None


class _Counted:
    """A source that reports each image it decodes, as long as nothing else is reported meanwhile (epochs, say)."""

    def __init__(self, source: Source, what: str, images: int, shares: int = 1) -> None:
        self._source = source
        self._what = what
        self._total = images * shares
        self._shares = shares
        self._done = 0

    def read(self, id: str) -> bytes:
        return self._source.read(id)

    def decode(self, data: bytes, id: str) -> Image:
        image = self._source.decode(data, id)
        self._done += self._shares
        if _file is not None and _what == self._what:
            _COUNTS.pack_into(_file, 0, min(self._done, self._total), self._total, _since)
        return image
