"""The MTCNN cascade over a batch of equally large images, whatever its three networks run on.

Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks" (2016). A single
image gives the same boxes as `detect_faces` of the package `mtcnn`, which is not used because it sorts a whole batch's
boxes at once, so that among equal scores (the softmax saturates often) an image's boxes depend on its neighbours;
because it finds nothing at all when `min_face_size` is above 24; and because it runs every operation eagerly.
"""

from typing import Any, Protocol

import numpy as np

from methods.faces.candidates import CELL, NOTHING, Candidates, moved, pyramid, sides, squared, suppress

STRIDE = 2
"""Pixels by which the proposal network's window moves."""
SCORE_THRESHOLDS = (0.6, 0.7, 0.8)
"""Least face probability after the proposal, refinement and output network."""


class Networks(Protocol):
    """The proposal, refinement and output network. Probabilities are of no face and of a face."""

    def pixels(self, images: np.ndarray) -> Any:
        """`images` (n, height, width, 3) uint8 as float32 of -1 to 1, in the form in which they are passed on."""
        ...

    def propose(self, pixels: Any, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (n, r, c, 4) and probabilities (n, r, c, 2) of windows in the images, scaled to `size` (h, w)."""
        ...

    def refine(self, pixels: Any, boxes: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offsets (m, 4) and probabilities (m, 2) of `boxes` (m, 4), y1 x1 y2 x2 fractions of `image` (m,), m > 0."""
        ...

    def finish(self, pixels: Any, boxes: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Offsets, landmarks (m, 10) and probabilities; all five x come first, as fractions of the box."""
        ...


class Cascade:
    """Three networks, one after the other, on ever fewer boxes.

    `min_face_size` (pixels, 20 or more) bounds the smallest face looked for; the cost falls with its square.
    """

    def __init__(self, networks: Networks, min_face_size: int = 20) -> None:
        self.min_face_size = min_face_size
        self._networks = networks

    def detect(self, images: np.ndarray) -> tuple[Candidates, np.ndarray]:
        """Faces in `images` (n, height, width, 3) uint8 RGB: candidates, and landmarks (m, 5, 2) x y in pixels.

        Landmarks are left eye, right eye, nose, left and right corner of the mouth, as seen by the viewer. Neither
        boxes nor landmarks are cut to the image. Faces are grouped by image, best first.
        """
        pixels, size = self._networks.pixels(images), images.shape[1:3]
        found = self._proposals(pixels, len(images), size)
        if len(found.image):
            found = self._refined(pixels, found, size)
        if len(found.image):
            return self._finished(pixels, found, size)
        return found, np.empty((0, 5, 2))

    def _proposals(self, pixels: Any, count: int, size: tuple[int, ...]) -> Candidates:
        height, width = size
        levels = [NOTHING]
        for number, scale in enumerate(pyramid(height, width, self.min_face_size)):
            offsets, probabilities = self._networks.propose(pixels, (int(height * scale), int(width * scale)))
            scores = probabilities[..., 1]
            image, row, column = np.nonzero(scores > SCORE_THRESHOLDS[0])
            corner = np.stack([column, row], axis=1) * STRIDE
            cells = np.concatenate([corner + 1, corner + CELL], axis=1)
            boxes = (cells + (CELL - 1) * offsets[image, row, column].astype(np.float64)) / scale
            # Each level of an image is thinned out by itself first, all of them in one go.
            alone = image + number * count
            levels.append(Candidates(alone, boxes, scores[image, row, column].astype(np.float64)))
        found = Candidates(*(np.concatenate(parts) for parts in zip(*levels, strict=True)))
        found = found.at(suppress(found, 0.5))
        found = found._replace(image=found.image % count)
        return squared(found.at(suppress(found, 0.7)))

    def _refined(self, pixels: Any, found: Candidates, size: tuple[int, ...]) -> Candidates:
        offsets, probabilities = self._networks.refine(pixels, _relative(found.boxes, size), found.image)
        found = moved(found, offsets, probabilities)
        found = found.at(found.scores > SCORE_THRESHOLDS[1])
        return squared(found.at(suppress(found, 0.7)))

    def _finished(self, pixels: Any, found: Candidates, size: tuple[int, ...]) -> tuple[Candidates, np.ndarray]:
        offsets, points, probabilities = self._networks.finish(pixels, _relative(found.boxes, size), found.image)
        points = points.reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = points * sides(found.boxes)[:, None, :] + found.boxes[:, None, :2] - 1
        found = moved(found, offsets, probabilities)
        rows = np.flatnonzero(found.scores > SCORE_THRESHOLDS[2])
        rows = rows[suppress(found.at(rows), 0.7, smaller=True)]
        return found.at(rows), landmarks[rows]


def _relative(boxes: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Boxes as y1 x1 y2 x2 fractions of an image of `size` (height, width), float32."""
    return (boxes[:, [1, 0, 3, 2]] / [*size, *size]).astype(np.float32)
