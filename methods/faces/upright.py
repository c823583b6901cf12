"""A face turned and scaled to where a network expects eyes, nose and mouth."""

import numpy as np

from datasets.imageset import Image

ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Where the five landmarks lie in a crop of 112 x 112 pixels, x y (Deng et al., "ArcFace", CVPR 2019)."""
SIDE = 112


def upright_face(image: Image, landmarks: np.ndarray) -> Image:
    """The face with these landmarks (5, 2), x y in pixels, as (112, 112, 3) uint8; black where the image ends."""
    import cv2

    return cv2.warpAffine(image, similarity(landmarks, ARCFACE), (SIDE, SIDE), flags=cv2.INTER_LINEAR)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The shift, turn and scale (2, 3) that bring points (n, 2) nearest to others, by least squares.

    As complex numbers: target - its mean = factor * (source - its mean), where the factor turns and scales.
    """
    points, wanted = (np.asarray(each, dtype=np.float64) @ [1, 1j] for each in (source, target))
    centred = points - points.mean()
    factor = np.vdot(centred, wanted - wanted.mean()) / max(np.vdot(centred, centred).real, np.finfo(float).tiny)
    shift = wanted.mean() - factor * points.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])
