"""Local features explained: which points of the two images match, and which of the matches fit together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.reporting.explain.canvas import CAPTION, PANEL, side_by_side, stacked, written
from benchmarks.reporting.explain.explanation import Explanation, Question
from benchmarks.reporting.explain.sift_settings import SiftSettings, sift_settings
from benchmarks.reporting.pictures.marks import FAINT, PAPER, RIGHT
from methods.sift_features import LocalFeatures, SiftExtractor
from methods.sift_pairs import LEAST_MATCHES, distinct_matches

SEAM = 64
"""Pixels between the images, for the lines to be told apart."""


@dataclass(frozen=True, eq=False)
class Matches:
    """Matched points of two images, (m, 2) float32 x and y in pixels each, and which agree: `fits` (m,) bool.

    `inliers` counts as the methods do: places, because SIFT describes some points twice.
    """

    left: np.ndarray
    right: np.ndarray
    fits: np.ndarray

    @property
    def inliers(self) -> int:
        """How many places agree on one similarity transform, 0 where too few to prove anything."""
        places = min(len(np.unique(points[self.fits], axis=0)) for points in (self.left, self.right))
        return places if places >= LEAST_MATCHES else 0


def explain_matches(question: Question) -> Explanation:
    """Both images side by side, a solid line for each match that fits the transform, a thin one for any other."""
    settings = sift_settings(question.spec)
    images = (question.query, question.hit)
    extractor = SiftExtractor(settings.max_features, settings.short_side)
    query, hit = (extractor.extract(image) for image in images)
    matches = match(query, hit, settings)
    title = f"{question.spec.id}: {matches.inliers} of {len(matches.fits)} matches fit together"
    text = (
        f"SIFT found {len(query.points)} points in the query and {len(hit.points)} in the hit; "
        f"{len(matches.fits)} match by the ratio test, and {matches.inliers} of their places agree on one shift, turn "
        f"and scale within {settings.tolerance:g} pixels (RANSAC): thick lines with discs at both ends. The thin lines "
        f"are matches that do not. {settings.note}"
    )
    scales = [extractor_scale(image, extractor) for image in images]
    drawn = draw_matches(images, matches, scales)
    return Explanation(title, text.strip(), np.array(stacked([drawn, written(title, drawn.width)])))


def match(left: LocalFeatures, right: LocalFeatures, settings: SiftSettings) -> Matches:
    """The matches that `methods.sift_pairs.inliers_with` counts, each with whether it fits: same test, same RANSAC."""
    import cv2

    rows, columns = distinct_matches(left.descriptors, right.descriptors, settings.ratio, settings.root)
    one, other = left.points[rows], right.points[columns]
    fits = np.zeros(len(rows), dtype=bool)
    if len(rows) >= LEAST_MATCHES:
        cv2.setRNGSeed(settings.seed)
        tolerance = settings.tolerance
        _, agree = cv2.estimateAffinePartial2D(one, other, method=cv2.RANSAC, ransacReprojThreshold=tolerance)
        if agree is not None:
            fits = agree.ravel().astype(bool)
    found = Matches(one, other, fits)
    # Too few to prove anything are not drawn as if they did.
    return found if found.inliers else Matches(one, other, np.zeros_like(fits))


def extractor_scale(image: np.ndarray, extractor: SiftExtractor) -> float:
    """How many pixels of the extractor's resized image one pixel of `image` is."""
    height, width = image.shape[:2]
    return min(max(1.0, extractor.short_side / min(height, width)), extractor.long_side / max(height, width))


def draw_matches(images: Sequence[np.ndarray], matches: Matches, scales: Sequence[float]) -> Image.Image:
    """Two images, SEAM pixels apart, and the lines between them; `scales` as from `extractor_scale`."""
    sheet = side_by_side(images, ["query", "hit"], SEAM)
    draw = ImageDraw.Draw(sheet)
    ends = []
    for number, (points, image, scale) in enumerate(zip((matches.left, matches.right), images, scales, strict=True)):
        height, width = image.shape[:2]
        shrink = PANEL / max(height, width)
        corner = (number * (PANEL + SEAM) + (PANEL - width * shrink) / 2, CAPTION)
        ends.append(points / scale * shrink + corner)
    starts, stops = ends
    for start, stop in zip(starts[~matches.fits], stops[~matches.fits], strict=True):
        draw.line((*start.tolist(), *stop.tolist()), fill=FAINT, width=1)
    for colour, width in ((PAPER, 4), (RIGHT, 2)):
        for start, stop in zip(starts[matches.fits], stops[matches.fits], strict=True):
            draw.line((*start.tolist(), *stop.tolist()), fill=colour, width=width)
    for x, y in np.concatenate([starts[matches.fits], stops[matches.fits]]).tolist():
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=RIGHT, outline=PAPER)
    return sheet
