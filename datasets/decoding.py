"""Encoded bytes -> RGB uint8 pixels, safely: ordinary formats only, and never larger than agreed.

Pillow decodes a 250x250 JPEG in 0.3 ms; OpenCV takes 0.2 ms to the very same pixels but knows neither palettes with
transparency nor CMYK, and allocates before anyone can look at the size. One safe path is worth the difference.
"""

import functools
import io
import logging
import warnings
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import ImageError
from datasets.ground_and_range import flattened, grey_and_alpha, grey_levels, joined, low_byte_tiles
from datasets.imageset import Image
from datasets.parts import check_parts, check_strips

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

HAS_HEIF = find_spec("pillow_heif") is not None
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", *(["HEIF"] if HAS_HEIF else []))
MAX_PIXELS = 50_000_000
HALVING = 4
"""A JPEG of up to so many times the pixels allowed is decoded at half its width and height, without the rest being
made. Progressive ones are not: their decoder holds them whole."""
_EXIF_ORIENTATION = 0x0112
_ON_THEIR_SIDE = range(5, 9)
"""Orientations of pictures whose width is their height once they are upright."""
_DARK = 0x4000 >> 8
"""High bytes below it leave at least two of 16 bits unused."""


def decode_image(data: bytes, name: str, max_pixels: int = MAX_PIXELS, notes: list[str] | None = None) -> Image:
    """The pixels of one encoded image: RGB uint8 (height, width, 3), upright.

    EXIF rotation is applied, transparency is laid on white (on black if it shows on that alone), of 16 bits a channel
    the upper 8 of those in use are kept, and of an animation the first frame is taken. A large JPEG is made smaller
    (see HALVING). `name` names the image in errors; what was chosen by content or size is added to `notes`.

    Raises:
        ImageError: no bytes, none of FORMATS, truncated or corrupt, floating-point pixels, more than `max_pixels`
            or more parts or scans than `parts` allows (seen before anything is decoded).
    """
    if not data:
        raise ImageError(f"{name}: the file is empty")
    check_parts(data, name)
    pil = _pillow()
    try:
        with pil.open(io.BytesIO(data), formats=FORMATS) as picture:
            notes = [] if notes is None else notes
            if halved(picture, max_pixels):
                notes.append("a large JPEG, read at half its width and height, in which regions and faces count")
            _check_size(picture, name, max_pixels)
            check_strips(picture, data, name)
            deep = grey_and_alpha(picture, data) or low_byte_tiles(picture)
            return _rgb(_upright(picture), data, deep, name, notes)
    except ImageError:
        raise
    except pil.DecompressionBombError as error:
        raise ImageError(f"{name}: larger than {max_pixels:,} pixels") from error
    except pil.UnidentifiedImageError as error:
        raise ImageError(f"{name}: not an image of a known format ({', '.join(FORMATS)})") from error
    except Exception as error:  # whatever a format's parser stumbles over: OSError, SyntaxError, struct.error, ...
        raise ImageError(
            f"{name}: cannot be decoded ({' '.join(str(error).split()) or type(error).__name__})"
        ) from error


@functools.cache
def _pillow() -> ModuleType:
    """PIL.Image, imported on first use; its warnings (odd EXIF, sizes we refuse ourselves) are not for our users."""
    import PIL.Image

    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # what it logs of a damaged file, the error says as well
    PIL.Image.MAX_IMAGE_PIXELS = HALVING * MAX_PIXELS // 2  # twice as many are refused when a file is opened
    if HAS_HEIF:
        import pillow_heif

        pillow_heif.register_heif_opener()
    return PIL.Image


def halved(picture: "Picture", max_pixels: int) -> bool:
    """Whether an opened picture is one that HALVING makes fit into `max_pixels`; it then is decoded in that way."""
    width, height = picture.size
    if not max_pixels < width * height <= HALVING * max_pixels:
        return False
    if picture.format not in ("JPEG", "MPO") or picture.info.get("progressive"):
        return False
    picture.draft(None, (width // 2, height // 2))
    return True


def upright_size(data: bytes, name: str) -> tuple[int, int]:
    """Width and height of the picture in a file as it is stored, upright: those of a halved one are twice its pixels'.

    Raises ImageError for what cannot be opened.
    """
    pil = _pillow()
    try:
        with pil.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            return (height, width) if picture.getexif().get(_EXIF_ORIENTATION) in _ON_THEIR_SIDE else (width, height)
    except Exception as error:  # as in decode_image
        raise ImageError(f"{name}: cannot be opened") from error


def _check_size(picture: "Picture", name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height == 0:
        raise ImageError(f"{name}: has no pixels ({width}x{height})")
    if width * height > max_pixels:
        what = "a progressive JPEG of " if picture.info.get("progressive") else ""
        raise ImageError(f"{name}: {what}{width}x{height} is larger than {max_pixels:,} pixels")


def is_turned(picture: "Picture") -> bool:
    """Whether its EXIF orientation says that it is to be turned or mirrored; 1 does not, and others mean nothing."""
    return picture.getexif().get(_EXIF_ORIENTATION) in range(2, 9)


def _upright(picture: "Picture") -> "Picture":
    if not is_turned(picture):
        return picture
    from PIL import ImageOps

    return ImageOps.exif_transpose(picture)


def _rgb(picture: "Picture", data: bytes, deep: bytes | list[Any], name: str, notes: list[str]) -> Image:
    if picture.mode == "F":
        raise ImageError(f"{name}: has floating-point pixels; save it with 8 bits a channel")
    if picture.mode.startswith("I"):
        grey = grey_levels(np.asarray(picture), notes)
        return np.repeat(grey[:, :, None], 3, axis=2)
    picture = _whole_range(picture, data, deep, notes)
    if picture.has_transparency_data:
        picture = flattened(picture, notes)
    return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _whole_range(picture: "Picture", data: bytes, deep: bytes | list[Any], notes: list[str]) -> "Picture":
    """The picture itself, unless it has 16 bits a channel and its high bytes are all dark: then the bits in use.

    So if those of its alpha are, or it would be invisible. `deep` is what gives the low bytes (tiles, or another file),
    decoded only here, where they are needed.
    """
    if not deep:
        return picture
    high = np.asarray(picture)
    if all(part.max() >= _DARK for part in (high[:, :, :3], high[:, :, 3:]) if part.size):
        return picture
    with _pillow().open(io.BytesIO(deep if isinstance(deep, bytes) else data), formats=FORMATS) as again:
        if isinstance(deep, bytes):
            return joined(np.asarray(_upright(again)).reshape(*high.shape[:2], 2, 2), notes)
        again.tile = deep
        return joined(np.stack([high, np.asarray(_upright(again))], axis=-1), notes)
