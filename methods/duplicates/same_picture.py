"""Are two images one picture? Their thumbnails are laid over one another and compared pixel by pixel.

One is registered to the other by an affine map (enhanced correlation coefficient, Evangelidis & Psarakis, TPAMI 2008),
so that a slight crop or another size does not count as a difference.
"""

from typing import NamedTuple

import numpy as np

from datasets.imageset import Image
from methods.duplicates.agreement import agreement

SIDE = 48
"""Pixels of a thumbnail's side; its aspect ratio is not kept."""
CORRELATION = 0.96
"""Least correlation of the overlapping pixels, brightness and contrast left out."""
LOCAL_DIFFERENCE = 32.0
"""Most grey levels by which an 8 x 8 block may differ on average: more is another face or text in one scene."""
OVERLAP = 0.75
"""Least share of the thumbnail that the other one covers."""
AGREE = 0.8
"""Least share of the textured pixels whose neighbourhoods correlate (see `agreement`), where there are enough of them:
two garments photographed in one place correlate as a whole, by their outlines, and agree in up to 0.75; of 93 edited
copies none agrees in less than 0.85."""
STRETCH = 0.2
"""Most by which the map may scale, shear or turn (the coefficients' distance from the identity)."""
FLAT = 3.0
"""Standard deviation, in grey levels, below which an image shows too little to be compared."""
ROUGH = 8
ROUGHLY = 0.6
"""Least correlation of thumbnails averaged to ROUGH x ROUGH pixels for a pair to be registered at all."""
_BLOCK = 8
_HOPELESS = 0.85
"""Correlation in one direction under which the other is not tried."""
_STEPS = 40
_FIRST_STEPS = 6
UNDER_WAY = 0.75
"""Least correlation after _FIRST_STEPS of registration for the other steps to be taken: copies have 0.8 and more by
then, and half of the pairs that a large set has to compare are given up here for a fifth of the time."""


class Likeness(NamedTuple):
    """How alike two thumbnails are once one is registered to the other."""

    correlation: float
    local_difference: float
    overlap: float
    stretch: float
    agreement: float
    """Share of the textured pixels that are the same; 1 where there are too few to tell."""

    @property
    def same(self) -> bool:
        """Whether they show one picture, by the thresholds of this module."""
        return (
            self.correlation >= CORRELATION
            and self.local_difference <= LOCAL_DIFFERENCE
            and self.overlap >= OVERLAP
            and self.stretch <= STRETCH
            and self.agreement >= AGREE
        )


NOTHING_ALIKE = Likeness(0.0, 255.0, 0.0, np.inf, 0.0)


def thumbnail(image: Image) -> np.ndarray:
    """Grey (SIDE, SIDE) uint8."""
    import cv2

    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def is_flat(thumbnails: np.ndarray) -> np.ndarray:
    """(n,) bool of thumbnails (n, SIDE, SIDE): too little to see to tell them from any other flat image."""
    return np.array([each.std() < FLAT for each in thumbnails], dtype=bool)


def rough_rows(thumbnails: np.ndarray) -> np.ndarray:
    """(n, ROUGH ** 2) float32 unit rows whose products are correlations of the thumbnails' coarse pixels."""
    block = SIDE // ROUGH
    rows = thumbnails.reshape(-1, ROUGH, block, ROUGH, block).mean(axis=(2, 4), dtype=np.float32)
    rows = rows.reshape(len(thumbnails), -1)
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def likeness(left: np.ndarray, right: np.ndarray) -> Likeness:
    """How alike two thumbnails (SIDE, SIDE) uint8 are; NOTHING_ALIKE where neither fits on the other.

    Where registration gets nowhere (UNDER_WAY), the correlation it got to, and nothing of the rest.
    """
    import cv2

    try:
        reached, _ = _registered(left, right, _FIRST_STEPS)
        if reached < UNDER_WAY:
            return NOTHING_ALIKE._replace(correlation=reached)
        _, found = _registered(left, right, _STEPS)
    except cv2.error:  # it does not converge
        return NOTHING_ALIKE
    place = np.asarray(found, dtype=np.float32)
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    blurred = [cv2.GaussianBlur(each.astype(np.float32), (3, 3), 0) for each in (left, right)]
    moved = cv2.warpAffine(blurred[1], place, (SIDE, SIDE), flags=way, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpAffine(np.ones_like(blurred[1]), place, (SIDE, SIDE), flags=way) > 0.999
    stretch = float(np.abs(place[:, :2] - np.eye(2)).max())
    return _compared(blurred[0], moved, covered, stretch)


def either_way(left: np.ndarray, right: np.ndarray) -> Likeness:
    """`likeness` of two thumbnails, whichever is laid upon the other: a crop fits into the whole, not the reverse."""
    found = likeness(left, right)
    if not found.same and (found.correlation >= _HOPELESS or found is NOTHING_ALIKE):
        return likeness(right, left)
    return found


def _registered(left: np.ndarray, right: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
    """The correlation after at most so many steps, and the affine map (2, 3); raises cv2.error where there is none."""
    import cv2

    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, 1e-4)
    start = np.eye(2, 3, dtype=np.float32)
    return cv2.findTransformECC(left, right, start, cv2.MOTION_AFFINE, criteria, None, 5)  # type: ignore[call-overload,return-value]


def _compared(left: np.ndarray, right: np.ndarray, covered: np.ndarray, stretch: float) -> Likeness:
    import cv2

    ours, theirs = left[covered], right[covered]
    if covered.mean() < OVERLAP or ours.std() < FLAT or theirs.std() < FLAT:
        return NOTHING_ALIKE
    correlation = float(np.corrcoef(ours, theirs)[0, 1])
    contrast = correlation * ours.std() / theirs.std()
    fitted = ours.mean() + contrast * (right - theirs.mean())
    difference = np.where(covered, np.abs(left - fitted), 0).astype(np.float32)
    local = float(cv2.blur(difference, (_BLOCK, _BLOCK)).max())
    found = agreement(left, right, covered)
    return Likeness(correlation, local, float(covered.mean()), stretch, found.share if found.enough else 1.0)
