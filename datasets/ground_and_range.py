"""Two choices that keep a picture visible: what transparency is laid on, and which bits of deep pixels are kept."""

import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FAINT = 16.0
"""Standard deviation of grey levels: a picture that varies less on white is tried on black."""
_LOOKED_AT = 256
"""Pixels a side: as much is looked at to choose a ground."""
DEPTHS = (8, 10, 12, 14, 16)
"""Bits that cameras and scanners fill of 16."""
_HEADER = slice(12, 29)
"""Of a PNG: its first chunk's name and content, before its CRC-32."""
_OTHER_ORDER = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}


def flattened(picture: "Picture", notes: list[str]) -> "Picture":
    """A picture with transparency as RGB: on white, or on black if it can hardly be seen on white but can on black."""
    from PIL import Image

    picture = picture.convert("RGBA")
    size = (min(picture.width, _LOOKED_AT), min(picture.height, _LOOKED_AT))
    small = picture.resize(size, Image.Resampling.BOX)
    contrast = {ground: _on(small, ground).convert("L") for ground in ("white", "black")}
    white, black = (float(np.asarray(grey, dtype=np.float32).std()) for grey in contrast.values())
    ground = "black" if white < FAINT and black > white else "white"
    notes.append(f"transparent: laid on {ground}" + (", as it hardly shows on white" if ground == "black" else ""))
    return _on(picture, ground)


def depth_of(values: np.ndarray) -> int:
    """The fewest of DEPTHS that hold the largest of 16-bit `values`."""
    largest = int(values.max(initial=0))
    return next(bits for bits in DEPTHS if largest < 1 << bits)


def high_byte(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """The upper 8 of the bits that 16-bit `values` use, as uint8 of the same shape."""
    bits = depth_of(values)
    if bits == 16:
        notes.append("16 bits a channel: the high 8 are used")
    else:
        notes.append(f"16 bits a channel, but no value above {(1 << bits) - 1:,}: read as {bits} bits")
    return (values >> (bits - 8)).astype(np.uint8)


def grey_levels(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """Whole numbers as uint8 of the same shape: as `high_byte`, or spread from the least to the largest.

    The latter where they do not fit 16 bits: clipped they would show nothing.
    """
    least, largest = int(values.min(initial=0)), int(values.max(initial=0))
    if least >= 0 and largest < 1 << 16:
        return high_byte(values, notes)
    least = int(values.min())
    notes.append(f"whole numbers from {least:,} to {largest:,}: spread over 8 bits")
    return ((values.astype(np.float64) - least) * (255 / max(1, largest - least))).astype(np.uint8)


def low_byte_tiles(picture: "Picture") -> list[Any]:
    """Tiles (what Pillow decodes, and how) of an opened colour picture of 16 bits a channel that give its low bytes.

    Pillow itself gives the high ones. Empty for any other picture; grey ones are decoded with all their bits anyway.
    """
    tiles = []
    for tile in getattr(picture, "tile", ()):
        raw = tile.args if isinstance(tile.args, str) else (tile.args or ("",))[0]
        mode, _, order = str(raw).partition(";")
        if mode not in ("RGB", "RGBA") or order not in _OTHER_ORDER:
            return []
        swapped = f"{mode};{_OTHER_ORDER[order]}"
        tiles.append(tile._replace(args=swapped if isinstance(tile.args, str) else (swapped, *tile.args[1:])))
    return tiles


def grey_and_alpha(picture: "Picture", data: bytes) -> bytes:
    """An RGBA file whose channels are the high and low bytes of an opened PNG of 16-bit grey and alpha; else nothing.

    Both take four bytes a pixel, so another header is all it needs: Pillow itself gives the high bytes alone.
    """
    if picture.format != "PNG" or [tile.args for tile in getattr(picture, "tile", ())] != ["LA;16B"]:
        return b""
    header = bytearray(data[_HEADER])
    header[12:14] = 8, 6  # bits, and the number of RGBA among PNG's kinds of pixels
    return data[: _HEADER.start] + header + zlib.crc32(header).to_bytes(4, "big") + data[_HEADER.stop + 4 :]


def joined(values: np.ndarray, notes: list[str]) -> "Picture":
    """A dark picture from its high and low bytes (height, width, channels, 2): RGB, or with an alpha.

    The range is chosen by content, alpha's by itself.
    """
    from PIL import Image

    both = values[..., 0].astype(np.uint16) << 8 | values[..., 1]
    colours = both.shape[2] if both.shape[2] == 3 else both.shape[2] - 1
    pixels = [high_byte(both[:, :, :colours], notes)]
    pixels += [high_byte(alpha, []) for alpha in np.moveaxis(both[:, :, colours:], 2, 0)]
    return Image.fromarray(np.dstack(pixels))


def _on(picture: "Picture", ground: str) -> "Picture":
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", picture.size, ground), picture).convert("RGB")
