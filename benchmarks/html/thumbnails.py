"""Small copies of a data set's images, beside the page that shows them."""

import hashlib
import io
from pathlib import Path

from benchmarks.files import write_atomically
from datasets.errors import ImageError
from datasets.imageset import ImageSet

SIDE = 96
"""Pixels along the longer side; a smaller image stays as it is."""
QUALITY = 75
FOLDER = "thumbnails"


class Thumbnails:
    """Writes each picture that is asked for once, below `page`/thumbnails, named by its content: galleries share them.

    Images are read from the data set they were ranked in. One that is gone, or is another than it was then, has none.
    """

    def __init__(self, page: Path) -> None:
        self.page = page
        self._known: dict[str, str | None] = {}

    def link(self, images: ImageSet, position: int) -> str | None:
        """The thumbnail's address relative to the page; None where the image is not to be had."""
        if images.digests is None:
            raise ValueError("thumbnails are named by digest: take the images from a manifest")
        digest = images.digests[position]
        if digest not in self._known:
            self._known[digest] = self._made(images, position, digest)
        return self._known[digest]

    def _made(self, images: ImageSet, position: int, digest: str) -> str | None:
        name = f"{FOLDER}/{digest[:20]}-{SIDE}.webp"
        if (self.page / name).exists():
            return name
        try:
            data = images.read(position)
            if hashlib.sha256(data).hexdigest() != digest:
                return None
            pixels = images.decode(data, position)
        except ImageError:
            return None
        from PIL import Image

        picture = Image.fromarray(pixels)
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=QUALITY)
        with write_atomically(self.page / name) as file:
            file.write(buffer.getvalue())
        return name
