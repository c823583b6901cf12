"""A PNG writer whose bytes depend on the pixels alone.

An ordinary encoder's output changes with the zlib it was built with, and those bytes key the manifests and the
embedding store. Here the pixels are stored, not compressed: larger, but generated on read and never kept.
"""

import struct
import zlib

import numpy as np

from datasets.imageset import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BLOCK = 65_535
"""The most bytes one stored deflate block holds (RFC 1951, 3.2.4)."""


def encode_png(image: Image) -> bytes:
    """The bytes of a PNG file holding `image`, RGB uint8 of shape (height, width, 3)."""
    height, width, _ = image.shape
    # Every row starts with its filter type: 0, none.
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(rows.tobytes())) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _stored(data: bytes) -> bytes:
    """A zlib stream (RFC 1950) of stored blocks."""
    parts = [b"\x78\x01"]
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK]
        last = start + _BLOCK >= len(data)
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack(">I", zlib.adler32(data)))
    return b"".join(parts)
