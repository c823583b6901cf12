"""Two images compared by their SIFT features: which descriptors match, and whether the matches fit together."""

import numpy as np

from methods.sift_features import LocalFeatures, unit_descriptors

LEAST_MATCHES = 3
"""Two matches always agree on some similarity transform, so fewer than this prove nothing."""


def two_nearest(left: np.ndarray, right: np.ndarray, root: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each descriptor (n, 128) of `left`: its nearest row in `right`, and the two highest similarities there.

    Three arrays (n,); a similarity is -inf where `right` has no such descriptor.
    """
    similarity = unit_descriptors(left, root) @ unit_descriptors(right, root).T
    if len(right) < 2:
        similarity = np.pad(similarity, ((0, 0), (0, 2 - len(right))), constant_values=-np.inf)
    rows, target = np.arange(len(left)), similarity.argmax(axis=1)
    nearest = similarity[rows, target]
    similarity[rows, target] = -np.inf
    return target, nearest, similarity.max(axis=1)


def ratio_passes(nearest: np.ndarray, second: np.ndarray, ratio: float) -> np.ndarray:
    """Lowe's ratio test on similarities of unit vectors, where the squared distance is 2 - 2 * similarity.

    True where the nearest is closer than `ratio` times the second nearest; False where there is no second (-inf).
    """
    return (1 - nearest < ratio**2 * (1 - second)) & np.isfinite(second)


def distinct_matches(left: np.ndarray, right: np.ndarray, ratio: float, root: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `left` and of `right` (m,) that match by the ratio test; of matches to one row the most similar stays."""
    target, nearest, second = two_nearest(left, right, root)
    passed = np.flatnonzero(ratio_passes(nearest, second, ratio))
    passed = passed[np.argsort(-nearest[passed], kind="stable")]
    columns, first = np.unique(target[passed], return_index=True)
    return passed[first], columns


def pair_inliers(
    left: LocalFeatures, right: LocalFeatures, ratio: float, root: bool, tolerance: float, seed: int
) -> int:
    """How many features of two images match by the ratio test and agree on one similarity transform."""
    rows, columns = distinct_matches(left.descriptors, right.descriptors, ratio, root)
    return inliers(left.points[rows], right.points[columns], tolerance, seed)


def inliers(left: np.ndarray, right: np.ndarray, tolerance: float, seed: int) -> int:
    """How many matched points agree on one similarity transform (shift, turn, scale), found by RANSAC.

    `left` and `right` are (m, 2) float32 pixels, row by row a match; one agrees if it lands within `tolerance` pixels.
    SIFT describes some points twice, with two orientations, so places are counted and not matches.
    """
    import cv2

    if len(left) < LEAST_MATCHES:
        return 0
    cv2.setRNGSeed(seed)
    _, agree = cv2.estimateAffinePartial2D(left, right, method=cv2.RANSAC, ransacReprojThreshold=tolerance)
    if agree is None:
        return 0
    chosen = agree.ravel().astype(bool)
    # Two float32 side by side are one number of 64 bits: a plain sort instead of one by columns.
    places = min(len(np.unique(np.ascontiguousarray(points[chosen]).view(np.int64))) for points in (left, right))
    return places if places >= LEAST_MATCHES else 0
