"""What each family of networks was trained to be fed: RGB bytes (n, h, w, 3) to float32 of the same shape."""

import numpy as np

CAFFE_MEAN_BGR = np.array([103.939, 116.779, 123.68], dtype=np.float32)
"""ImageNet's mean colour, as the authors of VGG and ResNet subtracted it."""


def caffe(pixels: np.ndarray) -> np.ndarray:
    """BGR, less ImageNet's mean colour: VGG and ResNet."""
    scaled = np.empty(pixels.shape, dtype=np.float32)
    for channel, mean in enumerate(CAFFE_MEAN_BGR):  # five times as fast as reversing all pixels at once
        np.subtract(pixels[..., 2 - channel], mean, out=scaled[..., channel], dtype=np.float32)
    return scaled


def symmetric(pixels: np.ndarray) -> np.ndarray:
    """RGB, x / 127.5 - 1, in [-1, 1]: the Inception family and MobileNetV2."""
    scaled = pixels.astype(np.float32)
    scaled /= 127.5
    scaled -= 1
    return scaled


def bytes_as_they_are(pixels: np.ndarray) -> np.ndarray:
    """RGB, 0 to 255: EfficientNetV2, which rescales inside the network."""
    return pixels.astype(np.float32)


def lite(pixels: np.ndarray) -> np.ndarray:
    """RGB, (x - 127) / 128: EfficientNet-Lite."""
    scaled = pixels.astype(np.float32)
    scaled -= 127
    scaled /= 128
    return scaled
