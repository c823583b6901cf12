"""Two images compared by their SIFT features: which descriptors match, and whether the matches fit together."""

from collections.abc import Callable

import numpy as np

from methods.sift_features import LocalFeatures, unit_descriptors

LEAST_MATCHES = 3
"""Two matches always agree on some similarity transform, so fewer than this prove nothing."""


def two_nearest(left: np.ndarray, right: np.ndarray, root: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each descriptor (n, 128) of `left`: its nearest row in `right`, and the two highest similarities there.

    Three arrays (n,); a similarity is -inf where `right` has no such descriptor.
    """
    return _two_nearest(unit_descriptors(left, root), unit_descriptors(right, root))


def _two_nearest(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same of unit vectors."""
    similarity = left @ right.T
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
    return _distinct_matches(unit_descriptors(left, root), unit_descriptors(right, root), ratio)


def _distinct_matches(left: np.ndarray, right: np.ndarray, ratio: float) -> tuple[np.ndarray, np.ndarray]:
    """The same of unit vectors."""
    target, nearest, second = _two_nearest(left, right)
    passed = np.flatnonzero(ratio_passes(nearest, second, ratio))
    return _distinct(left, right, passed, target[passed])


def matches_of(left: np.ndarray, right: np.ndarray, passed: np.ndarray, root: bool) -> tuple[np.ndarray, np.ndarray]:
    """`distinct_matches` where the rows (p,) of `left` that pass are known: only these are compared."""
    left, right = unit_descriptors(left, root), unit_descriptors(right, root)
    return _distinct(left, right, passed, (left[passed] @ right.T).argmax(axis=1))


def _distinct(
    left: np.ndarray, right: np.ndarray, passed: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (p,) of `left` that pass, and their `target` (p,) in `right`; of those with one target the most similar.

    Of equal ones the lower row. How similar they are is summed pair by pair: a matrix product may round by the place of
    a row in it.
    """
    similarity = np.einsum("pd,pd->p", left[passed], right[target])
    order = np.argsort(-similarity, kind="stable")
    columns, first = np.unique(target[order], return_index=True)
    return passed[order][first], columns


def inliers_with(
    query: LocalFeatures, ratio: float, root: bool, tolerance: float, seed: int
) -> Callable[[LocalFeatures], int]:
    """Counts how many features of an image match the query's by the ratio test and agree on one similarity transform.

    For image after image: what is the query's own is computed once.
    """
    vectors = unit_descriptors(query.descriptors, root)

    def count(image: LocalFeatures) -> int:
        rows, columns = _distinct_matches(vectors, unit_descriptors(image.descriptors, root), ratio)
        return inliers(query.points[rows], image.points[columns], tolerance, seed)

    return count


def inliers(left: np.ndarray, right: np.ndarray, tolerance: float, seed: int) -> int:
    """How many matched points agree on one similarity transform (shift, turn, scale), found by RANSAC.

    `left` and `right` are (m, 2) float32 pixels, row by row a match; one agrees if it lands within `tolerance` pixels.
    SIFT describes some points twice, with two orientations, so places are counted and not matches.
    """
    import cv2

    if len(left) < LEAST_MATCHES:
        return 0
    cv2.setRNGSeed(seed)
    # Who agrees is settled before the transform would be refined.
    _, agree = cv2.estimateAffinePartial2D(
        left, right, method=cv2.RANSAC, ransacReprojThreshold=tolerance, refineIters=0
    )
    if agree is None:
        return 0
    chosen = agree.ravel().astype(bool)
    # Two float32 side by side are one number of 64 bits: a plain sort instead of one by columns.
    places = min(len(np.unique(np.ascontiguousarray(points[chosen]).view(np.int64))) for points in (left, right))
    return places if places >= LEAST_MATCHES else 0
