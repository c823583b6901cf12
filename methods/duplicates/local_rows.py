"""What is kept of a picture to find it again within another: SIFT features, and a grey picture to lay upon others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from datasets.imageset import Image
from methods.duplicates.records import grey_of, packed
from methods.sift_features import DIMENSIONS, LocalFeatures, SiftExtractor

FEATURES = 200
SIDE = 160
"""Pixels of the longer side of the grey picture, whose pixels are also the unit of the features' places."""

LOCAL = np.dtype(
    [
        ("count", "<u2"),
        ("points", "<f4", (FEATURES, 2)),
        ("descriptors", "u1", (FEATURES, DIMENSIONS)),
        ("height", "<u2"),
        ("width", "<u2"),
        ("grey", "u1", (SIDE * SIDE,)),
    ]
)
"""One picture's row, 53 kB."""


@dataclass(frozen=True, eq=False)
class LocalPicture:
    """A picture's features, and itself in grey (h, w) uint8; places are in pixels of `grey`."""

    features: LocalFeatures
    grey: np.ndarray


class LocalEncoder:
    """Rows (n, bytes of LOCAL) uint8; `local_picture` reads one."""

    batch_size = 32

    def __init__(self) -> None:
        self._extractor = SiftExtractor(FEATURES)

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Each image's features and grey picture, packed."""
        records = np.zeros(len(images), dtype=LOCAL)
        for record, image in zip(records, images, strict=True):
            features, grey = self._extractor.extract(image), _small(grey_of(image))
            count = min(len(features.points), FEATURES)
            unit = max(grey.shape) / self._looked_at(image)
            record["count"] = count
            record["points"][:count] = (
                features.points[:count] + 0.5
            ) * unit - 0.5  # pixels are counted from their centres
            record["descriptors"][:count] = features.descriptors[:count]
            record["height"], record["width"] = grey.shape
            record["grey"][: grey.size] = grey.ravel()
        return packed(records)

    def _looked_at(self, image: Image) -> float:
        """Pixels of the longer side that the extractor makes an image, the unit in which it says where features are."""
        short, long = sorted(image.shape[:2])
        return long * min(max(1.0, self._extractor.short_side / short), self._extractor.long_side / long)


def local_picture(record: np.ndarray) -> LocalPicture:
    """A LOCAL record as what it holds."""
    count, height, width = int(record["count"]), int(record["height"]), int(record["width"])
    features = LocalFeatures(record["points"][:count], record["descriptors"][:count])
    return LocalPicture(features, record["grey"][: height * width].reshape(height, width))


def mirrored(picture: LocalPicture) -> LocalPicture:
    """The picture seen in a mirror, without extracting anything anew.

    A descriptor counts gradients by place (4 x 4) and direction (8), both relative to the feature's own direction;
    a mirror swaps the places to the left and right of that direction and turns every gradient to the other side.
    """
    points = picture.features.points.copy()
    points[:, 0] = picture.grey.shape[1] - 1 - points[:, 0]
    bins = picture.features.descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., [0, 7, 6, 5, 4, 3, 2, 1]]
    features = LocalFeatures(points, np.ascontiguousarray(bins).reshape(-1, DIMENSIONS))
    return LocalPicture(features, np.ascontiguousarray(picture.grey[:, ::-1]))


def _small(grey: np.ndarray) -> np.ndarray:
    import cv2

    scale = SIDE / max(grey.shape)
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
