"""Perceptual hashes through the imagehash package, packed eight bits to a byte."""

from collections.abc import Sequence

import numpy as np

from datasets.errors import UnknownNameError
from datasets.imageset import Image

FUNCTIONS = {"phash": "phash", "dhash": "dhash", "ahash": "average_hash", "whash": "whash"}
"""Our name -> imagehash's: DCT, horizontal gradient, mean brightness, Haar wavelet."""


class PerceptualHash:
    """`hash_size` squared bits an image, bit for bit those of imagehash; compare them by Hamming distance.

    The wavelet hash needs a `hash_size` that is a power of two.
    """

    batch_size = 256

    def __init__(self, kind: str = "phash", hash_size: int = 8) -> None:
        if kind not in FUNCTIONS:
            raise UnknownNameError(f"unknown hash {kind!r}; choose one of {', '.join(FUNCTIONS)}")
        if hash_size < 2 or (kind == "whash" and hash_size & (hash_size - 1)):
            raise ValueError(f"{kind} cannot have hash_size {hash_size}: it must be at least 2 (whash: a power of 2)")
        self.kind = kind
        self.hash_size = hash_size

    def encode(self, images: Sequence[Image]) -> np.ndarray:
        """Packed hashes of `images`, (n, ceil(hash_size^2 / 8)) uint8, first bit highest (np.packbits)."""
        import imagehash
        from PIL import Image as Pillow

        function = getattr(imagehash, FUNCTIONS[self.kind])
        bits = np.empty((len(images), self.hash_size**2), dtype=bool)
        for row, image in zip(bits, images, strict=True):
            row[:] = function(Pillow.fromarray(image), hash_size=self.hash_size).hash.ravel()
        return np.packbits(bits, axis=1)
