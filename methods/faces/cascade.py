"""The MTCNN cascade over a batch of equally large images, on the networks of the `mtcnn` package.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks" (2016). A single
image gives the same boxes as the package's own `detect_faces`, which is not used because it sorts a whole batch's boxes
at once, so that among equal scores (the softmax saturates often) an image's boxes depend on its neighbours; because it
finds nothing at all when `min_face_size` is above 24; and because it runs every operation eagerly.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from mtcnn.stages import StageONet, StagePNet, StageRNet

PYRAMID_FACTOR = 0.709
"""Ratio of neighbouring pyramid scales: each halves the area."""
CELL = 12
"""Side in pixels of the window that the proposal network looks at; it moves by STRIDE pixels."""
STRIDE = 2
SCORE_THRESHOLDS = (0.6, 0.7, 0.8)
"""Least face probability after the proposal, refinement and output network."""
PAIRS_AT_ONCE = 2**15
"""Pairs of boxes that are compared in one go: few enough that they stay in the cache."""

Sized = tf.TensorSpec([2], tf.int32)
Pixels = tf.TensorSpec([None, None, None, 3], tf.float32)


class Candidates(NamedTuple):
    """Boxes of a batch: `image` (m,) positions, `boxes` (m, 4) x1 y1 x2 y2 in pixels, `scores` (m,) probabilities."""

    image: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray

    def at(self, rows: np.ndarray) -> "Candidates":
        """The candidates at `rows` (positions or mask)."""
        return Candidates(self.image[rows], self.boxes[rows], self.scores[rows])


class Cascade:
    """Proposal, refinement and output network, compiled once for all image sizes.

    `min_face_size` (pixels, 20 or more) bounds the smallest face looked for; the cost falls with its square.
    """

    def __init__(self, min_face_size: int = 20) -> None:
        self.min_face_size = min_face_size
        proposal, refinement, output = StagePNet().model, StageRNet().model, StageONet().model

        @tf.function(input_signature=[Pixels, Sized])
        def propose(images, size):  # type: ignore[no-untyped-def]
            return proposal(tf.image.resize(images, size, method=tf.image.ResizeMethod.AREA))

        boxes = tf.TensorSpec([None, 4], tf.float32)
        image = tf.TensorSpec([None], tf.int32)

        @tf.function(input_signature=[Pixels, boxes, image])
        def refine(images, boxes, image):  # type: ignore[no-untyped-def]
            return refinement(tf.image.crop_and_resize(images, boxes, image, (24, 24)))

        @tf.function(input_signature=[Pixels, boxes, image])
        def finish(images, boxes, image):  # type: ignore[no-untyped-def]
            return output(tf.image.crop_and_resize(images, boxes, image, (48, 48)))

        self._propose, self._refine, self._finish = propose, refine, finish

    def detect(self, images: np.ndarray) -> tuple[Candidates, np.ndarray]:
        """Faces in `images` (n, height, width, 3) uint8 RGB: candidates, and landmarks (m, 5, 2) x y in pixels.

        Landmarks are left eye, right eye, nose, left and right corner of the mouth, as seen by the viewer. Neither
        boxes nor landmarks are cut to the image. Faces are grouped by image, best first.
        """
        pixels = (tf.cast(tf.constant(images), tf.float32) - 127.5) / 128.0
        found = self._proposals(pixels)
        if len(found.image):
            found = self._refined(pixels, found)
        if len(found.image):
            return self._finished(pixels, found)
        return found, np.empty((0, 5, 2))

    def _proposals(self, pixels: tf.Tensor) -> Candidates:
        height, width = pixels.shape[1:3]
        levels = [_NOTHING]
        for number, scale in enumerate(pyramid(height, width, self.min_face_size)):
            offsets, probabilities = self._propose(pixels, [int(height * scale), int(width * scale)])
            scores = probabilities[..., 1].numpy()
            image, row, column = np.nonzero(scores > SCORE_THRESHOLDS[0])
            corner = np.stack([column, row], axis=1) * STRIDE
            cells = np.concatenate([corner + 1, corner + CELL], axis=1)
            boxes = (cells + (CELL - 1) * offsets.numpy()[image, row, column].astype(np.float64)) / scale
            # Each level of an image is thinned out by itself first, all of them in one go.
            alone = image + number * len(pixels)
            levels.append(Candidates(alone, boxes, scores[image, row, column].astype(np.float64)))
        found = Candidates(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))
        found = found.at(suppress(found, 0.5))
        found = found._replace(image=found.image % len(pixels))
        return _squared(found.at(suppress(found, 0.7)))

    def _refined(self, pixels: tf.Tensor, found: Candidates) -> Candidates:
        offsets, probabilities = self._refine(pixels, _relative(found.boxes, pixels.shape), found.image)
        found = _moved(found, offsets.numpy(), probabilities.numpy())
        found = found.at(found.scores > SCORE_THRESHOLDS[1])
        return _squared(found.at(suppress(found, 0.7)))

    def _finished(self, pixels: tf.Tensor, found: Candidates) -> tuple[Candidates, np.ndarray]:
        offsets, points, probabilities = self._finish(pixels, _relative(found.boxes, pixels.shape), found.image)
        # All five x come first, then all five y, each as a fraction of the box before it moves.
        points = points.numpy().reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = points * _sides(found.boxes)[:, None, :] + found.boxes[:, None, :2] - 1
        found = _moved(found, offsets.numpy(), probabilities.numpy())
        rows = np.flatnonzero(found.scores > SCORE_THRESHOLDS[2])
        rows = rows[suppress(found.at(rows), 0.7, smaller=True)]
        return found.at(rows), landmarks[rows]


_NOTHING = Candidates(np.empty(0, dtype=np.int64), np.empty((0, 4)), np.empty(0))


def pyramid(height: int, width: int, min_face_size: int) -> list[float]:
    """Scales at which a face of `min_face_size` pixels, and every larger one, meets the proposal network's window.

    The last scale is the package's: for a face of 20 pixels it leaves 12 to 17 pixels of the image's shorter side.
    """
    count = round(np.log(CELL / min(height, width)) / np.log(PYRAMID_FACTOR) - 1)
    scales = [CELL / min_face_size * PYRAMID_FACTOR**level for level in range(count)]
    return [scale for scale in scales if int(min(height, width) * scale) >= CELL]


def suppress(found: Candidates, threshold: float, smaller: bool = False) -> np.ndarray:
    """Non-maximum suppression within each image: positions kept, grouped by image, best score first.

    A box goes if a better one, itself kept or not, overlaps it by more than `threshold` of their union (of the
    `smaller` box's area if set). Images with about as many boxes are done together.
    """
    if not len(found.image):
        return np.empty(0, dtype=np.int64)
    by_image = np.argsort(found.image, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(found.image[by_image])) + 1])
    groups = np.split(by_image, starts[1:])
    ranked = np.concatenate([rows[np.argsort(found.scores[rows])[::-1]] for rows in groups])
    beaten = np.zeros(len(ranked), dtype=bool)
    lengths = np.diff(np.append(starts, len(ranked)))
    sizes = 2 ** np.ceil(np.log2(lengths)).astype(np.int64)
    for size in np.unique(sizes[sizes > 1]):
        alike = np.flatnonzero(sizes == size)
        some = max(1, PAIRS_AT_ONCE // size**2)
        for chosen in np.split(alike, range(some, len(alike), some)):
            places = starts[chosen, None] + np.arange(size)
            there = np.arange(size) < lengths[chosen, None]
            boxes = np.full((*places.shape, 4), np.nan)
            boxes[there] = found.boxes[ranked[places[there]]]
            better = np.triu(overlaps(boxes, smaller) > threshold, k=1)
            beaten[places[there]] = np.any(better, axis=1)[there]
    return ranked[~beaten]


def overlaps(boxes: np.ndarray, smaller: bool = False) -> np.ndarray:
    """Intersection over union (over the smaller area if `smaller`) of each two of `boxes` (..., m, 4): (..., m, m)."""
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    width = _each_two(np.minimum, right) - _each_two(np.maximum, left)
    height = _each_two(np.minimum, bottom) - _each_two(np.maximum, top)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (right - left) * (bottom - top)
    if smaller:
        return shared / _each_two(np.minimum, areas)
    return shared / (_each_two(np.add, areas) - shared)


def _each_two(operation: np.ufunc, values: np.ndarray) -> np.ndarray:
    """`operation` on each two of `values` (..., m): (..., m, m)."""
    return operation(values[..., :, None], values[..., None, :])


def _squared(found: Candidates) -> Candidates:
    """The same centres, with both sides as long as the longer one."""
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    low = found.boxes[:, :2] + sides / 2 - longest / 2
    return found._replace(boxes=np.concatenate([low, low + longest], axis=1))


def _moved(found: Candidates, offsets: np.ndarray, probabilities: np.ndarray) -> Candidates:
    """Corners moved by a network's offsets (m, 4), fractions of the sides; scores from its softmax (m, 2)."""
    boxes = found.boxes + offsets * np.tile(_sides(found.boxes), 2)
    return Candidates(found.image, boxes, probabilities[:, 1].astype(np.float64))


def _sides(boxes: np.ndarray) -> np.ndarray:
    """Width and height (m, 2) in pixels, both edges included."""
    return boxes[:, 2:] - boxes[:, :2] + 1


def _relative(boxes: np.ndarray, shape: tf.TensorShape) -> np.ndarray:
    """Boxes as y1 x1 y2 x2 fractions of the image, float32."""
    height, width = shape[1:3]
    return (boxes[:, [1, 0, 3, 2]] / [height, width, height, width]).astype(np.float32)
