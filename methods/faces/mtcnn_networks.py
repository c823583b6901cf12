"""The three networks of the package `mtcnn` on TensorFlow, compiled once for all image sizes."""

from typing import Any

import numpy as np
import tensorflow as tf
from mtcnn.stages import StageONet, StagePNet, StageRNet

_PIXELS = tf.TensorSpec([None, None, None, 3], tf.float32)
_SIZE = tf.TensorSpec([2], tf.int32)
_BOXES, _IMAGE = tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([None], tf.int32)


class MtcnnNetworks:
    """What a Cascade runs, on plain TensorFlow."""

    def __init__(self) -> None:
        proposal, refinement, output = StagePNet().model, StageRNet().model, StageONet().model

        @tf.function(input_signature=[_PIXELS, _SIZE])
        def propose(images, size):  # type: ignore[no-untyped-def]
            return proposal(tf.image.resize(images, size, method=tf.image.ResizeMethod.AREA))

        @tf.function(input_signature=[_PIXELS, _BOXES, _IMAGE])
        def refine(images, boxes, image):  # type: ignore[no-untyped-def]
            return refinement(tf.image.crop_and_resize(images, boxes, image, (24, 24)))

        @tf.function(input_signature=[_PIXELS, _BOXES, _IMAGE])
        def finish(images, boxes, image):  # type: ignore[no-untyped-def]
            return output(tf.image.crop_and_resize(images, boxes, image, (48, 48)))

        self._propose, self._refine, self._finish = propose, refine, finish

    @staticmethod
    def pixels(images: np.ndarray) -> tf.Tensor:
        """A tensor, so that it is taken over once and not with each call."""
        return (tf.cast(tf.constant(images), tf.float32) - 127.5) / 128.0

    def propose(self, pixels: tf.Tensor, size: tuple[int, int]) -> Any:
        """The proposal network's answers at one scale."""
        return _arrays(self._propose(pixels, list(size)))

    def refine(self, pixels: tf.Tensor, boxes: np.ndarray, image: np.ndarray) -> Any:
        """The refinement network's."""
        return _arrays(self._refine(pixels, boxes, image))

    def finish(self, pixels: tf.Tensor, boxes: np.ndarray, image: np.ndarray) -> Any:
        """The output network's."""
        return _arrays(self._finish(pixels, boxes, image))


def _arrays(tensors: list[tf.Tensor]) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in tensors]
