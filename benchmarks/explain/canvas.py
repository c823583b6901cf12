"""The paper explanations are drawn on: pictures side by side or below one another, with captions."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.pictures.marks import FAINT, INK, PAPER, font, write_fitted

PANEL = 256
"""Pixels along the longer side of each of the two images."""
GAP = 16
CAPTION = 24
"""Pixels in height of a line of text."""


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
