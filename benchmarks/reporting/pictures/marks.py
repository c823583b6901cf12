"""Small drawn things: pictures in squares, frames and marks that tell right from wrong without colour."""

from functools import cache

from PIL import Image, ImageDraw, ImageFont, ImageOps

RIGHT = (0, 114, 178)
WRONG = (213, 94, 0)
"""Blue and vermilion: told apart by every kind of colour vision (Okabe & Ito 2008)."""
PAPER = (255, 255, 255)
INK = (28, 28, 30)
FAINT = (120, 120, 126)
BLANK = (238, 238, 240)

_SMALLEST = 11
"""Points of the smallest type."""
_SMOOTH = 8
"""Marks are drawn this many times larger and scaled down: Pillow draws without anti-aliasing."""


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font: the same on every machine."""
    return ImageFont.load_default(size=size)


def write_fitted(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    size: int,
    width: int,
    colour: tuple[int, int, int] = INK,
    anchor: str = "lt",
) -> None:
    """Write one line no wider than `width` pixels: a little smaller if that helps, else cut with an ellipsis."""
    while size > _SMALLEST and font(size).getlength(text) > width:
        size -= 1
    if font(size).getlength(text) > width:
        while text and font(size).getlength(text + "...") > width:
            text = text[:-1]
        text = text.rstrip(" -_,") + "..."
    draw.text(corner, text, colour, font(size), anchor=anchor)


def thumbnail(picture: Image.Image, side: int) -> Image.Image:
    """The whole picture in a square of `side` pixels, enlarged if need be, on a plain ground."""
    return ImageOps.pad(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS, color=BLANK)


def framed(thumb: Image.Image, right: bool) -> Image.Image:
    """The thumbnail in its frame: thick, solid and ticked where right, thin, dashed and crossed where wrong."""
    picture = thumb.copy()
    draw = ImageDraw.Draw(picture)
    side = picture.width
    if right:
        draw.rectangle((0, 0, side - 1, side - 1), outline=RIGHT, width=max(3, side // 16))
    else:
        _dashed_square(draw, side)
    badge = mark(right, max(12, side // 4))
    picture.paste(badge, (side - badge.width, side - badge.height), badge)
    return picture


@cache
def mark(right: bool, side: int) -> Image.Image:
    """A white tick or cross on a disc, RGBA, `side` pixels."""
    unit = side * _SMOOTH / 12
    large = Image.new("RGBA", (side * _SMOOTH, side * _SMOOTH), (*PAPER, 0))
    draw = ImageDraw.Draw(large)
    draw.ellipse((0, 0, large.width - 1, large.height - 1), fill=PAPER)
    draw.ellipse((unit, unit, 11 * unit, 11 * unit), fill=RIGHT if right else WRONG)
    strokes = [[(3.4, 6.2), (5.3, 8.1), (8.7, 4.2)]] if right else [[(4, 4), (8, 8)], [(8, 4), (4, 8)]]
    for stroke in strokes:
        points = [(x * unit, y * unit) for x, y in stroke]
        draw.line(points, fill=PAPER, width=round(1.5 * unit), joint="curve")
    return large.resize((side, side), Image.Resampling.LANCZOS)


def _dashed_square(draw: ImageDraw.ImageDraw, side: int) -> None:
    """Dashes on white, so that they show on any picture."""
    width, dash = 2, max(4, side // 12)
    draw.rectangle((0, 0, side - 1, side - 1), outline=PAPER, width=width)
    for start in range(0, side, 2 * dash):
        end = min(start + dash, side) - 1
        draw.rectangle((start, 0, end, width - 1), fill=WRONG)
        draw.rectangle((start, side - width, end, side - 1), fill=WRONG)
        draw.rectangle((0, start, width - 1, end), fill=WRONG)
        draw.rectangle((side - width, start, side - 1, end), fill=WRONG)
