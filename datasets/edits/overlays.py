"""Edits that lay something over the picture: a caption, an emoji-like shape, another picture."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from datasets.imageset import Image

Thing = TypeVar("Thing")
PHRASES = ("BREAKING NEWS", "when it is Monday", "SOLD", "for sale", "@best.of.all", "you will not believe this", "LOL")
SHAPES = ("face", "heart", "star")
_COLOURS = ((255, 255, 255), (0, 0, 0), (255, 220, 0), (230, 30, 40), (30, 110, 230))


def text(image: Image, *, phrase: float, colour: float, size: float, band: float, x: float, y: float) -> Image:
    """A phrase across the picture, letters `size` of the height, outlined so that it is read on any ground.

    `phrase` and `colour`, from 0 to 1, choose among PHRASES and five colours; from a `band` of a half on it
    stands on a plain strip as wide as the picture; `x` and `y` place it as in a crop.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    picture = Pillow.fromarray(image)
    draw = ImageDraw.Draw(picture)
    words, paint = chosen(PHRASES, phrase), chosen(_COLOURS, colour)
    pixels = max(4.0, size * picture.height)
    font = ImageFont.load_default(pixels)
    edge = max(1, round(pixels / 14))
    width = draw.textlength(words, font=font) + 2 * edge
    if width > picture.width:
        pixels = max(4.0, pixels * picture.width / width)
        font = ImageFont.load_default(pixels)
        width = draw.textlength(words, font=font)
    place = (max(0.0, (picture.width - width) * x), max(0.0, (picture.height - 1.4 * pixels) * y))
    outline = (255, 255, 255) if sum(paint) < 240 else (0, 0, 0)
    if band >= 0.5:
        draw.rectangle((0, place[1] - 0.1 * pixels, picture.width, place[1] + 1.4 * pixels), fill=outline)
    draw.text(place, words, fill=paint, font=font, stroke_width=edge, stroke_fill=outline)
    return np.array(picture)


def shape(image: Image, *, kind: float, size: float, x: float, y: float, colour: float) -> Image:
    """A round face, a heart or a star, `size` of the shorter side, opaque; `kind` from 0 to 1 chooses."""
    import cv2

    height, width = image.shape[:2]
    side = max(3, round(size * min(height, width)))
    paint = chosen(_COLOURS[2:], colour)
    stamp, mask = np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.uint8)
    stamp[:] = paint
    name = chosen(SHAPES, kind)
    if name == "face":
        _face(stamp, mask, side)
    else:
        outline = _heart() if name == "heart" else _star()
        cv2.fillPoly(mask, [np.round((outline * 0.48 + 0.5) * side).astype(np.int32)], 255, cv2.LINE_AA)
    return _laid(image, stamp, mask / 255, x, y)


def picture(image: Image, other: Image, *, size: float, opacity: float, x: float, y: float) -> Image:
    """Another picture over this one, `size` of each side, at `opacity` (1 hides what lies beneath)."""
    import cv2

    height, width = image.shape[:2]
    over = cv2.resize(other, (max(1, round(width * size)), max(1, round(height * size))), interpolation=cv2.INTER_AREA)
    return _laid(image, over, np.full(over.shape[:2], opacity), x, y)


def chosen(things: Sequence[Thing], share: float) -> Thing:
    """The thing at `share` (0 to 1) of the way through `things`."""
    return things[min(int(share * len(things)), len(things) - 1)]


def _laid(image: Image, stamp: Image, opacity: np.ndarray, x: float, y: float) -> Image:
    """`stamp` over the image where `opacity` (h, w) of 0 to 1 says so; one that is larger is cut."""
    result = image.copy()
    height, width = min(stamp.shape[0], image.shape[0]), min(stamp.shape[1], image.shape[1])
    top, left = round((image.shape[0] - height) * y), round((image.shape[1] - width) * x)
    ground = result[top : top + height, left : left + width]
    share = opacity[:height, :width, None]
    ground[:] = (ground * (1 - share) + stamp[:height, :width] * share).round().astype(np.uint8)
    return result


def _face(stamp: Image, mask: np.ndarray, side: int) -> None:
    import cv2

    centre, radius = (side // 2, side // 2), max(1, round(side * 0.48))
    cv2.circle(mask, centre, radius, 255, -1, cv2.LINE_AA)
    for eye in (0.33, 0.67):
        cv2.circle(stamp, (round(side * eye), round(side * 0.38)), max(1, round(side * 0.07)), (20, 20, 20), -1)
    mouth = (max(1, round(side * 0.26)), max(1, round(side * 0.22)))
    cv2.ellipse(stamp, (side // 2, round(side * 0.55)), mouth, 0, 10, 170, (20, 20, 20), max(1, side // 18))


def _heart() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 60)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([np.sin(t) ** 3, -y / 17], axis=1)


def _star() -> np.ndarray:
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, 0.42, 1.0)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
