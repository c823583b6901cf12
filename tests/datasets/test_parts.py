"""Images of very many parts are refused before they are decoded; ordinary ones with odd contents are read."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from pictures import encode, noise
from PIL import Image as Pillow

from datasets.decoding import decode_image
from datasets.errors import ImageError
from datasets.parts import MOST_BLOCKS, MOST_PARTS, MOST_SCANS

JPEG, PNG, GIF = encode(noise(1), "JPEG"), encode(noise(1)), encode(noise(1).convert("P"), "GIF")
FRAME = GIF.index(b",", 13 + 3 * 2 ** (GIF[10] % 8 + 1))
EMPTY_CHUNK = struct.pack(">I", 0) + b"teSt" + struct.pack(">I", zlib.crc32(b"teSt"))


def progressive(extra: int, before: bytes = b"") -> bytes:
    """A JPEG whose last scan is there so many times more, with `before` before each."""
    data = encode(noise(5, 64, 64), "JPEG", progressive=True)
    return data[:-2] + extra * (before + data[data.rindex(b"\xff\xda") : -2]) + data[-2:]


HOSTILE = {
    "JPEG comments": JPEG[:2] + b"\xff\xfe\0\2" * (MOST_PARTS + 1) + JPEG[2:],
    "JPEG filling": JPEG[:2] + b"\xff" * (MOST_PARTS + 1) + JPEG[2:],
    "JPEG scans": progressive(MOST_SCANS),
    "JPEG scans between rubbish": progressive(MOST_SCANS, before=b"\0rubbish"),
    "PNG chunks": PNG[:33] + EMPTY_CHUNK * (MOST_PARTS + 1) + PNG[33:],
    "GIF comments": GIF[:FRAME] + b"!\xfe\1a\0" * (MOST_BLOCKS // 2 + 1) + GIF[FRAME:],
    "GIF pieces of a comment": GIF[:FRAME] + b"!\xfe" + b"\1a" * (MOST_BLOCKS + 1) + b"\0" + GIF[FRAME:],
    "GIF filling": GIF[:FRAME] + b"\0" * (MOST_BLOCKS + 1) + GIF[FRAME:],
    "GIF filling behind the frame": GIF[:-1] + b"\0" * (MOST_BLOCKS + 1) + GIF[FRAME:],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_too_many_parts_are_refused_at_once(kind):
    began = time.process_time()
    with pytest.raises(ImageError, match=r"^x: (too many scans|made of more than)"):
        decode_image(HOSTILE[kind], "x")
    assert time.process_time() - began < 5


def tiff(strips: int) -> bytearray:
    """A TIFF whose strips are JPEGs."""
    buffer = io.BytesIO()
    noise(3, 64, 16 * strips).save(buffer, "TIFF", compression="jpeg", strip_size=64 * 16 * 3)
    return bytearray(buffer.getvalue())


def with_strips(data: bytearray, places: list[int], sizes: list[int]) -> bytes:
    """The TIFF with other places and sizes of its strips: two tables of a directory's own, as its offsets tell."""
    start = struct.unpack_from("<I", data, 4)[0]
    for number in range(struct.unpack_from("<H", data, start)[0]):
        entry = start + 2 + 12 * number
        tag = struct.unpack_from("<H", data, entry)[0]
        if tag in (273, 279):
            values = places if tag == 273 else sizes
            struct.pack_into("<HII", data, entry + 2, 4, len(values), len(data))
            data += struct.pack(f"<{len(values)}I", *values)
    return bytes(data)


def test_strips_of_a_tiff_are_bounded_too():
    data = tiff(2)
    with Pillow.open(io.BytesIO(data)) as opened:
        place, size = opened.tag_v2[273][0], opened.tag_v2[279][0]
    strip = bytes(data[place : place + size])
    many = strip[:-2] + strip[strip.rindex(b"\xff\xda") : -2] * MOST_SCANS + strip[-2:]
    place = len(data)
    with pytest.raises(ImageError, match="too many scans in a strip"):
        decode_image(with_strips(data + many, [place] * 2, [len(many)] * 2), "x")
    with pytest.raises(ImageError, match="its strips overlap"):
        decode_image(with_strips(tiff(40), list(range(8, 48)), [8000] * 40), "x")


ORDINARY = {
    "a film behind a photo": JPEG + np.random.default_rng(0).bytes(100) + 300 * b"\xff\xda\0\x0c",
    "a preview in a segment": JPEG[:2] + b"\xff\xe2" + struct.pack(">H", 402) + 200 * b"\xff\xda" + JPEG[2:],
    "a burst of photos": encode(noise(1), "MPO", save_all=True, append_images=[noise(2)] * 120),
    "a TIFF of many strips": bytes(tiff(150)),
    "an animation": encode(noise(1).convert("P"), "GIF", save_all=True, append_images=[noise(2).convert("P")] * 50),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_what_cameras_write_is_read(kind):
    assert decode_image(ORDINARY[kind], "x").ndim == 3
