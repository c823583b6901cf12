"""The hashes of OpenCV's img_hash module that have no twin in imagehash."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from datasets.errors import UnknownNameError
from datasets.imageset import Image


class Kind(NamedTuple):
    """OpenCV's class, what one of its hashes is made of, and the factor that makes its distance the rows' own."""

    name: str
    length: int
    dtype: type
    factor: float = 1


KINDS: Mapping[str, Kind] = {
    "block-mean": Kind("BlockMeanHash", 32, np.uint8),
    "marr-hildreth": Kind("MarrHildrethHash", 72, np.uint8),
    "radial-variance": Kind("RadialVarianceHash", 40, np.float32),
    "colour-moments": Kind("ColorMomentHash", 42, np.float32, 10_000),
}
"""Bits for a HammingIndex; 40 numbers for a CorrelationPeakIndex; 42 moments for an ExactIndex under L2."""


class OpenCvHash:
    """An Encoder by the name of a hash in KINDS; distances of its rows are those of OpenCV's `compare`."""

    batch_size = 256

    def __init__(self, kind: str) -> None:
        if kind not in KINDS:
            raise UnknownNameError(f"unknown hash {kind!r}; choose one of {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        self._hash: Any = None

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Hashes of `images`: (n, bits / 8) packed uint8 or (n, d) float32."""
        import cv2

        if self._hash is None:
            self._hash = getattr(cv2.img_hash, self.kind.name).create()
        rows: np.ndarray = np.empty((len(images), self.kind.length), dtype=self.kind.dtype)
        for row, image in zip(rows, images, strict=True):
            row[:] = self._hash.compute(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[0] * self.kind.factor
        return rows
