"""How many parts an encoded image has, counted before a parser walks over them: an attack is made of millions.

A parser takes microseconds and a hundred bytes of memory for each part, however small; and each scan of a JPEG passes
over all of its pixels. Only what a parser reads for the first frame is looked at: a film behind a photo may hold
anything.
"""

import re
import struct
from typing import TYPE_CHECKING

from datasets.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_PARTS = 100_000
"""Of a JPEG or PNG: the largest file in pieces of 600 bytes."""
MOST_BLOCKS = 500_000
"""Of a GIF, where none is longer than 255 bytes."""
MOST_SCANS = 100
"""Of a JPEG: encoders write about ten, an attack thousands."""
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_WITHOUT_LENGTH = (0x01, 0xD8)
_SCAN = b"\xff\xda"
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""But for restarts, of which compressed data may hold any number."""
_PNG = b"\x89PNG\r\n\x1a\n"
_STRIPS = ((273, 279), (324, 325))
"""Tags of a TIFF: where its strips or tiles lie, and how many bytes each has."""
_OVERLAP = 4
"""Times the file's bytes that its strips may have together."""


def check_parts(data: bytes, name: str) -> None:
    """Raise ImageError where a JPEG, PNG or GIF has more parts than agreed, or a JPEG more than MOST_SCANS scans."""
    if data.startswith(b"\xff\xd8"):
        scans = _scans(data, name)
        if scans > MOST_SCANS:
            raise ImageError(f"{name}: too many scans ({scans:,}, at most {MOST_SCANS})")
    elif data.startswith(_PNG):
        _check_chunks(data, name)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        _check_blocks(data, name)


def check_strips(picture: "Picture", data: bytes, name: str) -> None:
    """Raise ImageError where a strip of a TIFF that holds JPEGs has more than MOST_SCANS scans."""
    if picture.format != "TIFF" or picture.info.get("compression") not in ("jpeg", "tiff_jpeg"):
        return
    tags = getattr(picture, "tag_v2", {})
    counted = 0
    for places, sizes in _STRIPS:
        for place, size in dict(zip(tags.get(places, ()), tags.get(sizes, ()), strict=False)).items():
            counted += size
            scans = data.count(_SCAN, place, place + size)
            if counted > _OVERLAP * len(data):
                raise ImageError(f"{name}: its strips overlap")
            if scans > MOST_SCANS:
                raise ImageError(f"{name}: too many scans in a strip ({scans:,}, at most {MOST_SCANS})")


def _scans(data: bytes, name: str) -> int:
    """Scans of a JPEG up to its end; what lies in its segments (a preview, say) or behind it is no scan."""
    place, parts, scans = 2, 0, 0
    while found := _MARKER.search(data, place):
        parts += 1 if scans else 1 + found.start() - place  # filling before the first scan is read byte by byte
        _require_few(parts, MOST_PARTS, name)
        marker, place = found[0][1], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(data[place : place + 2], "big")
        scans += marker == _START_OF_SCAN
    return scans


def _check_chunks(data: bytes, name: str) -> None:
    place, parts = len(_PNG), 0
    while place + 8 <= len(data):
        parts += 1
        _require_few(parts, MOST_PARTS, name)
        place += 12 + struct.unpack_from(">I", data, place)[0]


def _check_blocks(data: bytes, name: str) -> None:
    """Blocks of a GIF up to its second frame, which is looked for to see whether it is an animation."""
    place, parts, frames = 13 + _colours(data, 10), 0, 0
    while place < len(data) and frames < 2:
        parts += 1
        _require_few(parts, MOST_BLOCKS, name)
        kind = data[place]
        if kind not in (0x21, 0x2C):  # filling, or the end
            place += 1
            continue
        frames += kind == 0x2C
        place += 2 if kind == 0x21 else 11 + _colours(data, place + 9)
        while place < len(data) and data[place]:
            parts += 1
            _require_few(parts, MOST_BLOCKS, name)
            place += 1 + data[place]
        place += 1


def _colours(data: bytes, place: int) -> int:
    """Bytes of the table of colours that the flags at `place` tell of."""
    flags = data[place] if place < len(data) else 0
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _require_few(parts: int, most: int, name: str) -> None:
    if parts > most:
        raise ImageError(f"{name}: made of more than {most:,} parts; save it again")
