"""What explanations are drawn with: pictures beside or below one another with captions, and lists of bars."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.reporting.pictures.marks import FAINT, INK, PAPER, RIGHT, font, write_fitted

PANEL = 256
"""Pixels along the longer side of each of the two images."""
GAP = 16
CAPTION = 24
"""Pixels in height of a line of text."""
ROW = 24
NAME = 0.42
NUMBER = 0.14
"""Of the width: for a bar's name, and for its score."""


def fitted(image: np.ndarray, longest: int = PANEL) -> np.ndarray:
    """The whole of an RGB image scaled to `longest` pixels along its longer side."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.array(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def side_by_side(images: Sequence[np.ndarray], captions: Sequence[str] = (), gap: int = GAP) -> Image.Image:
    """Images fitted to PANEL pixels, in columns of that width, `gap` pixels apart, under their captions."""
    panels = [Image.fromarray(fitted(image)) for image in images]
    top = CAPTION if captions else 0
    width = len(panels) * PANEL + (len(panels) - 1) * gap
    sheet = Image.new("RGB", (width, top + max(panel.height for panel in panels)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, panel in enumerate(panels):
        left = number * (PANEL + gap)
        sheet.paste(panel, (left + (PANEL - panel.width) // 2, top))
        if captions:
            draw.text((left, 3), captions[number], FAINT, font(14))
    return sheet


def written(line: str, width: int) -> Image.Image:
    """One line of text, made to fit `width` pixels."""
    strip = Image.new("RGB", (width, CAPTION), PAPER)
    write_fitted(ImageDraw.Draw(strip), (0, 4), line, 15, width, INK)
    return strip


def stacked(parts: Sequence[Image.Image]) -> Image.Image:
    """Parts below one another with GAP pixels between and around them."""
    width = max(part.width for part in parts) + 2 * GAP
    height = sum(part.height + GAP for part in parts) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    top = GAP
    for part in parts:
        sheet.paste(part, (GAP, top))
        top += part.height + GAP
    return sheet


def draw_bars(
    names: Sequence[str], scores: np.ndarray, filled: Sequence[bool], pointed: int, width: int
) -> Image.Image:
    """A bar for each score (n,): filled or in outline, the one at `pointed` with an arrow head before its name.

    Scores that are all 0 or less are minus a distance and drawn as the distance; an infinite one gets no bar.
    """
    is_distance = bool((scores <= 0).all())
    values = np.where(np.isfinite(scores), np.abs(scores) if is_distance else scores, 0)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    left, right = width * NAME, width * (1 - NUMBER)
    ends = left + (values - low) / ((high - low) or 1) * (right - left)
    zero = left + (0 - low) / ((high - low) or 1) * (right - left)
    sheet = Image.new("RGB", (width, (len(names) + 1) * ROW), PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, (name, value, end) in enumerate(zip(names, values, ends, strict=True)):
        top = row * ROW
        if row == pointed:
            draw.polygon([(0, top + 5), (9, top + 11), (0, top + 17)], fill=INK)
        write_fitted(draw, (14, top + 5), name, 14, int(left) - 20)
        bar = (min(zero, end), top + 4, max(zero, end), top + 18)
        draw.rectangle(bar, outline=RIGHT, fill=RIGHT if filled[row] else PAPER, width=2)
        draw.text((right + 6, top + 5), f"{value:.3g}", INK, font(14), anchor="lt")
    key = "distance: shorter is nearer" if is_distance else "score: longer is nearer"
    line = f"{key}; filled: the hit's label, outline: another"
    write_fitted(draw, (0, len(names) * ROW + 6), line, 13, width, FAINT)
    return sheet
