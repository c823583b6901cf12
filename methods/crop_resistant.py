"""imagehash's crop-resistant hash (Steinebach et al., "Robust hashing for efficient forensic analysis of image sets",
2014): an image is cut into segments of like brightness, and each is hashed by itself, so that a crop keeps some whole.
"""

from typing import TYPE_CHECKING

import numpy as np

from datasets.imageset import Image, ImageSet
from methods.indexes.differing_bits import differing_bits, whole_words
from methods.ranking import Ranking, rank_scores
from methods.stages import stage

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

BITS = 64
"""Of the gradient hash of a segment."""
CUTOFF = BITS // 4
"""Bits in which two segments may differ and still match: imagehash's bit error rate of 0.25."""
SIDE, BRIGHT, LEAST = 300, 128, 500
"""imagehash segments a thumbnail of this side, at this grey level; a segment has more than so many of its pixels."""
BATCH = 64
"""Images decoded at a time."""


class CropResistantHash:
    """A Method: an image's score for a query is how many of the query's segments match one of its own.

    Among equal counts the smaller share of differing bits is better, as in imagehash: the score is minus its
    `ImageMultiHash.__sub__` plus the number of the query's segments, so 0 where none matches.
    """

    def __init__(self) -> None:
        self._starts = np.zeros(1, dtype=np.int64)
        self._codes = np.empty((0, BITS // 8), dtype=np.uint8)

    def fit(self, gallery: ImageSet) -> None:
        """Nothing is learned."""

    def index(self, gallery: ImageSet) -> None:
        """Hash the segments of every gallery image; each image has one at least."""
        segments = self._segments(gallery)
        with stage("build"):
            self._starts = np.concatenate([[0], np.cumsum([len(codes) for codes in segments])]).astype(np.int64)
            self._codes = whole_words(np.concatenate(segments))

    def search(self, queries: ImageSet, k: int) -> Ranking:
        """Match each query's segments with all of the gallery's."""
        scores = np.empty((len(queries), len(self._starts) - 1), dtype=np.float32)
        for row, codes in zip(scores, self._segments(queries), strict=True):
            with stage("search"):
                row[:] = self._scores(codes)
        with stage("search"):
            return rank_scores(scores, k)

    @property
    def nbytes(self) -> int:
        """Bytes of the codes and of where each image's begin."""
        return self._codes.nbytes + self._starts.nbytes

    def _scores(self, codes: np.ndarray) -> np.ndarray:
        matches, bits = np.zeros((2, len(self._starts) - 1), dtype=np.int64)
        for code in whole_words(codes):
            nearest = np.minimum.reduceat(differing_bits(code[None], self._codes)[0], self._starts[:-1])
            near = nearest <= CUTOFF
            matches += near
            bits += np.where(near, nearest, 0)
        return matches - bits / np.maximum(matches * BITS, 1)

    def _segments(self, images: ImageSet) -> list[np.ndarray]:
        found = []
        for start in range(0, len(images), BATCH):
            with stage("decode"):
                batch = list(images[start : start + BATCH])
            with stage("encode"):
                found += [segment_codes(image) for image in batch]
        return found


def segment_codes(image: Image) -> np.ndarray:
    """Packed gradient hashes of the segments of one RGB image, (m, 8) uint8, m of at least one: imagehash's.

    It collects the pixels of a segment one by one in sets, a third of a second an image; only the box around a segment
    is needed, which OpenCV's connected components have at once.
    """
    import imagehash
    from PIL import Image as Pillow

    picture = Pillow.fromarray(image)
    width, height = picture.size[0] / SIDE, picture.size[1] / SIDE
    boxes = _segment_boxes(picture) * [width, height, width, height]
    return np.packbits([imagehash.dhash(picture.crop(tuple(box))).hash.ravel() for box in boxes], axis=1)


def _segment_boxes(picture: "PillowImage") -> np.ndarray:
    """Boxes (m, 4) left, top, right, bottom of the segments, in pixels of a SIDE x SIDE thumbnail."""
    import cv2
    from PIL import Image as Pillow
    from PIL import ImageFilter

    small = picture.convert("L").resize((SIDE, SIDE), Pillow.Resampling.LANCZOS)
    bright = np.asarray(small.filter(ImageFilter.GaussianBlur()).filter(ImageFilter.MedianFilter())) > BRIGHT
    found, seen = [], 4 * SIDE
    for mask in (bright, ~bright):
        _, labels, segments, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
        numbers, first = np.unique(labels, return_index=True)
        left, top, width, height, area = segments[[number for number in numbers[np.argsort(first)] if number]].T
        # imagehash counts the border's pixels as seen, and none of a segment of one: it stops before the last valleys.
        counted = np.where(area > 1, area, 0)
        reached = (seen + np.cumsum(counted) - counted < SIDE**2) | (mask is bright)
        seen += counted.sum()
        found.append(np.stack([left, top, left + width, top + height], axis=1)[(area > LEAST) & reached])
    boxes = np.concatenate(found)
    return boxes if len(boxes) else np.array([[0, 0, SIDE, SIDE]])
