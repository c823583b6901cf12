"""Small pictures of gallery images, made when they are shown."""

import base64
import io

import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps

from benchmarks.search.gallery import Gallery
from datasets.errors import ImageError
from datasets.imageset import Image


def thumb(image: Image, longest: int) -> PilImage.Image:
    """The whole image, at most `longest` pixels along its longer side; a small one is enlarged threefold at most."""
    picture = PilImage.fromarray(np.ascontiguousarray(image))
    side = min(longest, 3 * max(picture.size))
    return ImageOps.contain(picture, (side, side), PilImage.Resampling.LANCZOS)


def gallery_thumb(gallery: Gallery, id: int, longest: int) -> PilImage.Image | None:
    """The thumbnail of a gallery image; None where it has gone since it was indexed."""
    try:
        return thumb(gallery.decode(gallery.read(id), id), longest)
    except ImageError:
        return None


def jpeg(picture: PilImage.Image) -> bytes:
    """Encoded as JPEG, quality 85: without metadata of the original."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def data_uri(picture: PilImage.Image) -> str:
    """The picture as a JPEG that stands inside a page."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture)).decode()}"
