"""Ten ways in which a copy of a picture differs from it: the queries of the robustness task.

Strengths are relative to the picture's size, so that a 32-pixel icon and a photograph are treated alike; all are fixed
and what is random (noise) is seeded by the picture, so that a copy is the same in every run.
"""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from datasets.imageset import Image, ImageSet, Item
from datasets.sources import module_digests

_WATERMARK_OPACITY = 0.45


def crop(image: Image) -> Image:
    """Keep 75 % of each side, off centre."""
    height, width = image.shape[:2]
    top, left = round(height * 0.15), round(width * 0.05)
    return image[top : top + max(1, round(height * 0.75)), left : left + max(1, round(width * 0.75))].copy()


def jpeg(image: Image) -> Image:
    """JPEG at quality 30."""
    import cv2

    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 30])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def resize(image: Image) -> Image:
    """Half the size."""
    import cv2

    height, width = image.shape[:2]
    return cv2.resize(image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)


def rotate(image: Image) -> Image:
    """Ten degrees about the centre, the corners filled with black."""
    import cv2

    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1.0)
    return cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR)


def flip(image: Image) -> Image:
    """Mirrored left to right."""
    return np.ascontiguousarray(image[:, ::-1])


def blur(image: Image) -> Image:
    """Gaussian blur, sigma 1 % of the longer side."""
    import cv2

    return cv2.GaussianBlur(image, (0, 0), 0.01 * max(image.shape[:2]))


def gamma(image: Image) -> Image:
    """Brighter: (x / 255) ** 0.6."""
    table = np.round(255 * (np.arange(256) / 255) ** 0.6).astype(np.uint8)
    return table[image]


def noise(image: Image) -> Image:
    """Gaussian noise, sigma 15 of 255, on every channel."""
    rng = np.random.default_rng(zlib.crc32(image.tobytes()))
    return np.clip(image + rng.normal(0, 15, image.shape), 0, 255).round().astype(np.uint8)


def pad(image: Image) -> Image:
    """A white border of 12 % of each side."""
    height, width = image.shape[:2]
    rows, columns = max(1, round(height * 0.12)), max(1, round(width * 0.12))
    return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), constant_values=255)


def watermark(image: Image) -> Image:
    """White text across the middle, half transparent."""
    import cv2

    height, width = image.shape[:2]
    layer = np.zeros((height, width), dtype=np.uint8)
    (text_width, text_height), _ = cv2.getTextSize("SAMPLE", cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = 0.9 * width / text_width
    place = (round(0.05 * width), round(height / 2 + scale * text_height / 2))
    cv2.putText(layer, "SAMPLE", place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(3 * scale)), cv2.LINE_AA)
    opacity = (layer / 255 * _WATERMARK_OPACITY)[..., None]
    return (image * (1 - opacity) + 255 * opacity).round().astype(np.uint8)


DISTORTIONS: dict[str, Callable[[Image], Image]] = {
    distort.__name__: distort for distort in (crop, jpeg, resize, rotate, flip, blur, gamma, noise, pad, watermark)
}
"""By name, in the order in which tables show them."""


@cache
def version() -> str:
    """Changes when what a distortion does might: its code, or a library. Embeddings of older copies are then remade."""
    import cv2

    return f"{module_digests((__name__,))[__name__][:12]}, OpenCV {cv2.__version__}, numpy {np.__version__}"


def distorted_copies(originals: ImageSet, names: Sequence[str] = tuple(DISTORTIONS)) -> ImageSet:
    """Every original under every distortion, original by original: n * len(names) images.

    A copy's id is "original-id#distortion", its label the original's id; its encoded bytes are the original's.
    """
    items = [Item(f"{item.id}#{name}", item.id) for item in originals.items for name in names]
    digests = None
    if originals.digests is not None:
        made_by = version()
        keys = [f"{digest}#{name}#{made_by}" for digest in originals.digests for name in names]
        digests = [hashlib.sha256(key.encode()).hexdigest() for key in keys]
    return ImageSet(items, _Copies(originals), digests)


class _Copies:
    def __init__(self, originals: ImageSet) -> None:
        self._source = originals.source

    def read(self, id: str) -> bytes:
        return self._source.read(id.rpartition("#")[0])

    def decode(self, data: bytes, id: str) -> Image:
        original, _, name = id.rpartition("#")
        return DISTORTIONS[name](self._source.decode(data, original))
