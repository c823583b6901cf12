"""One picture laid upon another by their features: a crop on its original, an original on the collage that holds it."""

from dataclasses import dataclass

import numpy as np

from methods.duplicates.agreement import agreement, cells
from methods.duplicates.local_rows import LocalPicture
from methods.sift_pairs import distinct_matches
from methods.small_products import one_blas_thread

RATIO = 0.8
TOLERANCE = 3.0
"""Pixels, of 160 along the longer side, by which a match may be off the similarity transform that is looked for."""
PERSPECTIVE_TOLERANCE = 2.0
AROUND = 8.0
"""Pixels; matches as near to the similarity transform help to find the perspective that may be in it."""
LEAST_INLIERS = 6
FOR_PERSPECTIVE = 10
"""Inliers from which on eight numbers can be fitted rather than four."""
LARGEST_SCALE = 10.0
LEAST_COVERED = 0.2
"""Of one of the two pictures, at least so much has to lie upon the other."""
EDGE = 5
"""Pixels at the overlap's edge that are left out: interpolation mixes them with what lies outside."""


@dataclass(frozen=True)
class Aligned:
    """How well two pictures agree where they overlap: `share` (see Agreement), 0 where they cannot be aligned.

    `cells` are those of either picture that agree (see `agreement.cells`).
    """

    share: float = 0.0
    cells: tuple[int, int] = (0, 0)


NOT_ALIGNED = Aligned()


def align(one: LocalPicture, other: LocalPicture) -> Aligned:
    """Lay `other` upon `one`, or the other way round, whichever is the finer, and compare them there."""
    with one_blas_thread():
        rows, columns = distinct_matches(one.features.descriptors, other.features.descriptors, RATIO, True)
    transform = _transform(one.features.points[rows], other.features.points[columns])
    if transform is None:
        return NOT_ALIGNED
    scale = float(np.sqrt(abs(np.linalg.det(transform[:2, :2]))))
    if not 1 / LARGEST_SCALE < scale < LARGEST_SCALE:
        return NOT_ALIGNED
    if scale >= 1:
        return _compared(one.grey, other.grey, transform, scale)
    found = _compared(other.grey, one.grey, np.linalg.inv(transform), 1 / scale)
    return Aligned(found.share, (found.cells[1], found.cells[0]))


def _transform(left: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """The 3 x 3 map that takes most points (m, 2) of `left` to their matches; None where too few agree on one."""
    import cv2

    if len(left) < LEAST_INLIERS:
        return None
    cv2.setRNGSeed(0)
    similarity, agree = cv2.estimateAffinePartial2D(left, right, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE)
    inliers = 0 if similarity is None else int(agree.sum())
    if similarity is None or inliers < LEAST_INLIERS:
        return None
    transform = np.vstack([similarity, [0, 0, 1]])
    off = np.linalg.norm(left @ similarity[:, :2].T + similarity[:, 2] - right, axis=1)
    near = off < AROUND
    if near.sum() >= FOR_PERSPECTIVE:
        perspective, agree = cv2.findHomography(left[near], right[near], cv2.RANSAC, PERSPECTIVE_TOLERANCE)
        # A map with twice the freedom has to explain more, not as much.
        if perspective is not None and agree.sum() > inliers and abs(np.linalg.det(perspective)) > 1e-6:
            return perspective
    return transform


def _compared(under: np.ndarray, over: np.ndarray, transform: np.ndarray, scale: float) -> Aligned:
    """`under` against what of `over` lies on it; `transform` takes places in `under` to places in `over`."""
    import cv2

    if scale > 1.2:  # it will be made smaller by as much
        over = cv2.GaussianBlur(over, (0, 0), 0.4 * scale)
    size = (under.shape[1], under.shape[0])
    flags = cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(over, transform, size, flags=flags | cv2.INTER_LINEAR)
    inside = cv2.warpPerspective(np.ones_like(over), transform, size, flags=flags | cv2.INTER_NEAREST)
    covered = max(float(inside.mean()), float(inside.sum()) * scale**2 / over.size)
    if covered < LEAST_COVERED:
        return NOT_ALIGNED
    inside = cv2.erode(inside, np.ones((EDGE, EDGE), np.uint8))
    found = agreement(under, laid, inside.astype(bool))
    there = cv2.warpPerspective(found.same.astype(np.uint8), transform, over.shape[::-1], flags=cv2.INTER_NEAREST)
    return Aligned(found.share, (cells(found.same), cells(there.astype(bool))))
