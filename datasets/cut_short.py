"""JPEG files that lack their last bytes (an interrupted copy or download): nearly all of the picture is there.

They are read as browsers do, with the rest grey, up to LOST of the pixels; and counted, for this is said wherever their
images are used. What is completed here bears a mark behind its end, where no decoder looks.
"""

import io

import numpy as np

from datasets.decoding import MAX_PIXELS, decode_image, halved
from datasets.errors import ImageError

LOST = 0.05
"""Share of the pixels that may be missing; a picture that lacks more is damaged."""
_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_MARK = _END + b"end marker added"
_START_OF_SCAN = b"\xff\xda"
_GREY = 128
"""In all channels: what a decoder leaves where there is no data."""
_LAST_COEFFICIENT = 63


def whole(data: bytes, max_pixels: int = MAX_PIXELS) -> bytes:
    """The bytes of an image file; completed where it is a JPEG that lacks its last bytes and little else.

    One that `decode_image` finds larger than `max_pixels` stays as it is.
    """
    if not data.startswith(_START) or data.endswith(_END) or _is_decodable(data, max_pixels):
        return data
    completed = data + _MARK
    return completed if _is_decodable(completed, max_pixels) and _lost(completed, max_pixels) <= LOST else data


def was_cut_short(data: bytes) -> bool:
    """Whether `whole` completed these bytes."""
    return data.endswith(_MARK)


def _is_decodable(data: bytes, max_pixels: int) -> bool:
    try:
        decode_image(data, "", max_pixels)
    except ImageError:
        return False
    return True


def _lost(data: bytes, max_pixels: int) -> float:
    """The share of pixels that are missing: grey to the right in the last rows. 1 where that cannot be seen."""
    import PIL.Image

    with PIL.Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        halved(picture, max_pixels)
        bands = len(picture.getbands())
        if picture.mode not in ("L", "RGB") or (picture.info.get("progressive") and not _in_last_scans(data, bands)):
            return 1.0
        pixels = np.asarray(picture).reshape(picture.height, picture.width, bands)
    grey = (pixels == _GREY).all(axis=2)
    cut = grey[::-1, -1].cumprod().sum()
    return float(grey[len(grey) - cut :].sum() / grey.size)


def _in_last_scans(data: bytes, bands: int) -> bool:
    """Whether the scan that brings the last bit of the highest coefficients has begun for every component."""
    begun: set[int] = set()
    for part in data.split(_START_OF_SCAN)[1:]:
        # length (2), how many components, (component, tables) of each, first and last coefficient, bits before and now
        if len(part) >= 8 and part[2] == 1 and part[6] == _LAST_COEFFICIENT and not part[7] & 0x0F:
            begun.add(part[3])
    return len(begun) == bands
