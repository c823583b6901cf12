"""What each family of networks was trained to be fed: RGB bytes (n, h, w, 3) to float32 of the same shape."""

import numpy as np

CAFFE_MEAN_BGR = np.array([103.939, 116.779, 123.68], dtype=np.float32)
"""ImageNet's mean colour, as the authors of VGG and ResNet subtracted it."""


def caffe(pixels: np.ndarray) -> np.ndarray:
    """BGR, less ImageNet's mean colour: VGG and ResNet."""
    return pixels[..., ::-1].astype(np.float32) - CAFFE_MEAN_BGR


def symmetric(pixels: np.ndarray) -> np.ndarray:
    """RGB, x / 127.5 - 1, in [-1, 1]: the Inception family and MobileNetV2."""
    return pixels.astype(np.float32) / np.float32(127.5) - 1


def bytes_as_they_are(pixels: np.ndarray) -> np.ndarray:
    """RGB, 0 to 255: EfficientNetV2, which rescales inside the network."""
    return pixels.astype(np.float32)


def lite(pixels: np.ndarray) -> np.ndarray:
    """RGB, (x - 127) / 128: EfficientNet-Lite."""
    return (pixels.astype(np.float32) - 127) / 128
