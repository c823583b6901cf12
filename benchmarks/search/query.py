"""The picture somebody searches for: read with limits, upright, and with a word on whatever was done to it."""

import hashlib
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.search.errors import SearchError
from datasets.cut_short import whole
from datasets.decoding import FORMATS, MAX_PIXELS, decode_image, is_turned
from datasets.errors import ImageError
from datasets.imageset import Image
from datasets.reading import MOST_BYTES, expanded, read_image_file
from datasets.safe_text import one_line, visible

if TYPE_CHECKING:
    import PIL.Image

SMALLEST_SIDE = 8
"""Pixels. Less than the smallest hash looks at says nothing about a picture."""
FLAT = 3
"""Of 255: channels that span no more show one colour; a JPEG's rounding does as much."""
_STEP = 16
STANDARD_INPUT = "-"


@dataclass(frozen=True, eq=False)
class Query:
    """A decoded query: RGB uint8 (height, width, 3), and what its reader should be told."""

    name: str
    image: Image
    notes: tuple[str, ...] = ()
    sha256: bytes | None = None
    """Of the encoded file; None where it is not the whole of one."""
    path: Path | None = None
    """The file it was read from; None for what was sent or made."""

    @property
    def is_flat(self) -> bool:
        """Whether it shows one colour alone, but for what no eye could see."""
        return is_flat(self.image)


def is_flat(image: Image) -> bool:
    """Whether an image shows one colour alone, but for what no eye could see."""
    coarse = image[::_STEP, ::_STEP]  # most pictures show something there already, at a hundredth of the work
    return all(bool((np.ptp(each, axis=(0, 1)) <= FLAT).all()) for each in (coarse, image))


def read_query(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Query:
    """Decode encoded bytes; raises ImageError for what is no image, too large, or too small to search for."""
    if len(data) > MOST_BYTES:
        raise ImageError(f"{name}: more than {MOST_BYTES // 2**20} MiB; make it smaller")
    chosen: list[str] = []
    completed = whole(data, max_pixels)
    image = decode_image(completed, name, max_pixels, chosen)
    _require_size(image, name)
    if completed is not data:
        chosen.append("the file lacks its last bytes: what is missing of the picture is grey")
    return Query(name, image, (*_peculiarities(data), *chosen), hashlib.sha256(data).digest())


def queries_of(arguments: Iterable[str]) -> Iterator[Query]:
    """Each query named on a command line: a path, "-" for image bytes on standard input, "@FILE" for a list of paths.

    Raises ImageError or SearchError at the first that cannot be read.
    """
    for argument in arguments:
        if argument == STANDARD_INPUT:
            yield read_query(_standard_input(), "standard input")
        elif argument.startswith("@") and not Path(argument).exists():
            yield from (_read_file(line) for line in _listed(Path(argument[1:])))
        else:
            yield _read_file(argument)


def _standard_input() -> bytes:
    try:
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:  # closed, or a folder
        why = getattr(error, "strerror", None) or "it is closed"
        raise ImageError(f"standard input: cannot be read ({why}); send an image file to it") from error


def _listed(path: Path) -> list[str]:
    try:
        text = read_image_file(path, f"@{visible(str(path))}").decode()
    except (ImageError, UnicodeDecodeError) as error:
        said = error if isinstance(error, ImageError) else f"@{visible(str(path))}: is not UTF-8"
        raise SearchError(f"{said}; after @ name a list of paths, one a line") from error
    if not (paths := [line for each in text.split("\n") if (line := each.strip())]):
        raise SearchError(f"@{visible(str(path))} names no image: write one path a line")
    return paths


def _read_file(name: str) -> Query:
    if "://" in name:
        raise SearchError(f"{name} is an address, and nothing is downloaded: save the picture and name the file")
    path, shown = expanded(name), visible(name)
    try:
        data = read_image_file(path, shown)
    except ImageError as error:
        raise ImageError(f"{error}; name an image file, or - for standard input") from error
    return replace(read_query(data, shown), path=path)


def _require_size(image: Image, name: str) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise ImageError(
            f"{name}: {width}x{height} pixels are too few to search for; at least {SMALLEST_SIDE} a side are needed"
        )


def _peculiarities(data: bytes) -> Iterator[str]:
    """What decoding did, by the file's header, to an image that is not plain RGB or grey."""
    import PIL.Image

    with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if _has_frames(picture):
            if picture.format in ("TIFF", "MPO"):
                yield f"a file of several pictures ({picture.format}): only the first is searched for"
            else:
                yield f"an animation ({picture.format}): only its first frame is searched for"
        if is_turned(picture):
            yield "turned upright as its EXIF orientation says"
        if picture.mode == "CMYK":
            yield "CMYK, converted to RGB without a colour profile"


def _has_frames(picture: "PIL.Image.Image") -> bool:
    """Whether it has frames behind the first; one that is damaged is no frame."""
    try:
        return bool(getattr(picture, "is_animated", False))
    except Exception:  # whatever a parser stumbles over that looks for the frames
        return False


@dataclass(frozen=True)
class Crop:
    """A region of interest in pixels of the upright picture: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """ "x,y,w,h" as whole numbers; raises SearchError for anything else."""
        try:
            x, y, width, height = (int(part) for part in text.split(","))
        except ValueError as error:
            raise SearchError(
                f"a region (--crop) is x,y,width,height in whole pixels, not {one_line(text, 60)!r}"
            ) from error
        if width <= 0 or height <= 0:
            raise SearchError(f"region (--crop) {text}: width and height must be at least 1")
        return cls(x, y, width, height)


def cropped(query: Query, crop: Crop) -> Query:
    """The region of the query; what of it lies outside is cut off, and said.

    Raises SearchError where the region lies outside altogether or is too small.
    """
    height, width = query.image.shape[:2]
    left, top = max(crop.x, 0), max(crop.y, 0)
    right, bottom = min(crop.x + crop.width, width), min(crop.y + crop.height, height)
    region = f"region {crop.x},{crop.y},{crop.width},{crop.height}"
    if left >= right or top >= bottom:
        raise SearchError(f"{query.name}: the {region} lies outside the picture, which is {width}x{height} pixels")
    image = query.image[top:bottom, left:right]
    _require_size(image, f"{query.name}, {region}")
    cut = (right - left, bottom - top) != (crop.width, crop.height)
    note = f"searched for the region {left},{top},{right - left},{bottom - top} alone"
    notes = (*query.notes, note + (", what lay outside cut off" if cut else ""))
    return Query(query.name, image.copy(), notes, path=query.path)
