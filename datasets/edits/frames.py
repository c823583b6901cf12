"""Edits that put the picture into something larger: a collage with others, the screenshot of a post."""

import numpy as np

from datasets.edits.overlays import PHRASES, chosen
from datasets.imageset import Image

LAYOUTS = ((1, 2), (2, 1), (2, 2))
"""Rows and columns of a collage."""
_ASPECT = (2.1, 1.9, 1.6)
"""Heights of screens over their width: today's telephones, those of before, tablets."""


def collage(image: Image, *others: Image, layout: float, place: float) -> Image:
    """The picture in one cell of a grid, `others` in the rest, in turn where they are fewer.

    `layout` and `place`, from 0 to 1, choose the grid and the cell. Each fills its cell, which has the picture's shape:
    the picture itself is whole, another is cut to that shape.
    """
    import cv2

    rows, columns = chosen(LAYOUTS, layout)
    cells = rows * columns
    own = chosen(range(cells), place)
    height, width = image.shape[:2]
    filled = iter(range(cells))
    canvas = np.empty((rows * height, columns * width, 3), np.uint8)
    for cell in range(cells):
        row, column = divmod(cell, columns)
        if cell == own:
            shown = image
        else:
            other = _cut(others[next(filled) % len(others)], height / width)
            shown = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
        canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = shown
    return canvas


def screenshot(image: Image, *, screen: float, share: float, y: float, dark: float) -> Image:
    """The picture in a post on a screen: status bar, author, lines of text, buttons.

    It takes `share` of the screen's width and sits at `y` between the bars; `screen` chooses the screen's shape,
    `dark` from a half on a dark theme.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    height, width = image.shape[:2]
    screen_width = max(8, round(width / share))
    tall = chosen(_ASPECT, screen)
    bars = round(screen_width * 0.32)
    screen_height = max(round(screen_width * tall), height + 2 * bars)
    ground, ink, faint = (18, 235, 70) if dark >= 0.5 else (250, 25, 200)
    canvas = Pillow.new("RGB", (screen_width, screen_height), (ground,) * 3)
    draw = ImageDraw.Draw(canvas)
    unit = screen_width / 24
    font = ImageFont.load_default(max(4.0, 0.9 * unit))
    draw.text((unit, 0.4 * unit), "12:34", fill=(ink,) * 3, font=font)
    draw.rectangle((screen_width - 3 * unit, 0.6 * unit, screen_width - unit, 1.4 * unit), outline=(ink,) * 3)
    top = round(bars + (screen_height - height - 2 * bars) * y)
    draw.ellipse((unit, top - 3.2 * unit, 3.4 * unit, top - 0.8 * unit), fill=(faint,) * 3)
    draw.text((4 * unit, top - 2.6 * unit), "someone.somewhere", fill=(ink,) * 3, font=font)
    for number, words in enumerate(PHRASES):
        line = top + height + (1.2 + 1.6 * number) * unit
        draw.text((unit, line), words, fill=(ink if number % 2 else faint,) * 3, font=font)
    left = (screen_width - width) // 2
    canvas.paste(Pillow.fromarray(image), (left, top))
    bottom = screen_height - 2 * unit
    draw.rectangle((0, bottom, screen_width, screen_height), fill=(faint,) * 3)
    return np.array(canvas)


def _cut(image: Image, tall: float) -> Image:
    """The middle of an image, its height `tall` times its width."""
    height, width = image.shape[:2]
    rows, columns = min(height, max(1, round(width * tall))), min(width, max(1, round(height / tall)))
    top, left = (height - rows) // 2, (width - columns) // 2
    return np.ascontiguousarray(image[top : top + rows, left : left + columns])
