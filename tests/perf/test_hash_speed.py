"""Perceptual hashes of a gallery of decoded photographs beside imagehash and imagededup, one by one."""

import imagehash
import numpy as np
import pytest
from paired import compare
from PIL import Image as Pillow

from methods.encoders.hashes import FUNCTIONS, PerceptualHash

TIMES_FASTER = 3
DEDUP = {"phash": "PHash", "dhash": "DHash", "ahash": "AHash", "whash": "WHash"}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_hashing_beside_imagehash(benchmark, pictures, kind):
    encoder, function = PerceptualHash(kind), getattr(imagehash, FUNCTIONS[kind])

    def theirs():
        return [function(Pillow.fromarray(picture)).hash.ravel() for picture in pictures]

    assert np.array_equal(encoder.encode(pictures), np.packbits(theirs(), axis=1))
    compare(
        benchmark,
        f"hashing, {kind}",
        lambda: encoder.encode(pictures),
        "imagehash, one by one",
        theirs,
        items=len(pictures),
        unit="image",
        target=TIMES_FASTER,
    )


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_hashing_beside_imagededup(benchmark, pictures, peer_module, kind):
    path = f"hashing, {kind}"
    hasher = getattr(peer_module("imagededup.methods", f"{path} beside imagededup"), DEDUP[kind])(verbose=False)
    encoder = PerceptualHash(kind)
    compare(
        benchmark,
        path,
        lambda: encoder.encode(pictures),
        "imagededup, encode_image",
        lambda: [hasher.encode_image(image_array=picture) for picture in pictures],
        items=len(pictures),
        unit="image",
    )
