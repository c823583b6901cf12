"""A list of horizontal bars, told apart by their fill and not by colour alone."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.pictures.marks import FAINT, INK, PAPER, RIGHT, font, write_fitted

ROW = 24
NAME = 0.42
NUMBER = 0.14
"""Of the width: for a bar's name, and for its score."""


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
