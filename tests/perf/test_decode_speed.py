"""Decoding photographs from encoded bytes in memory, beside OpenCV's bare decoder: run with `--benchmark-only`."""

import cv2
import numpy as np
from paired import compare

IMAGES = 256


def test_decoding_photographs(benchmark, photographs):
    data = [photographs.read(position) for position in range(IMAGES)]

    def ours():
        return [photographs.decode(encoded, position) for position, encoded in enumerate(data)]

    def opencv():
        return [cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB) for encoded in data]

    compare(benchmark, "decode, JPEG 250x250", ours, "OpenCV imdecode", opencv, items=IMAGES, unit="image")
