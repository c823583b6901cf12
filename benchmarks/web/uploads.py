"""The last pictures that were sent, or taken from a gallery, to be searched for: decoded with limits, and kept."""

import io
from dataclasses import replace
from pathlib import Path
from threading import Lock

from benchmarks.search.query import Query, read_query
from benchmarks.search.show.thumbs import jpeg, thumb
from benchmarks.web.cache import Cache
from datasets.decoding import FORMATS
from datasets.ground_and_range import low_byte_tiles

QUERY_PIXELS = 40_000_000
"""Of all pictures that are kept, together (120 MB)."""
UPLOAD_PIXELS = 25_000_000
"""Of one picture: a telephone's fits."""
COSTLY_PIXELS = UPLOAD_PIXELS // 3
"""Of one with transparency or 16 bits a channel, which takes three times the memory while it is decoded."""
PREVIEW = 1024
"""Pixels along the longer side of a picture as the page shows it."""


class Uploads:
    """Pictures under tokens; its methods may be called from several threads."""

    def __init__(self) -> None:
        self._kept: Cache[Query] = Cache(QUERY_PIXELS, "picture")
        self.decoding = Lock()
        """One picture at a time: requests side by side would each take the memory of the largest."""

    def keep(self, data: bytes, name: str, path: Path | None = None) -> tuple[str, Query]:
        """Decode a picture that was sent, or read from `path`, and keep it under a token; raises ImageError."""
        with self.decoding:
            query = replace(read_query(data, name, _most_pixels(data)), path=path)
        return self._kept.put(query, query.image.shape[0] * query.image.shape[1]), query

    def get(self, token: str) -> Query:
        """A kept picture; raises GoneError."""
        return self._kept.get(token)

    def preview(self, token: str) -> bytes:
        """A kept picture as JPEG, as it was decoded."""
        return jpeg(thumb(self.get(token).image, PREVIEW))


def _most_pixels(data: bytes) -> int:
    """How many pixels a picture like this may have, by its header."""
    import PIL.Image

    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            is_plain = picture.mode in ("1", "L", "P", "RGB", "YCbCr", "CMYK") and not picture.has_transparency_data
            return UPLOAD_PIXELS if is_plain and not low_byte_tiles(picture) else COSTLY_PIXELS
    except Exception:  # whatever a parser stumbles over: decoding says it
        return COSTLY_PIXELS
