"""Pictures inside a terminal: half blocks anywhere with colours, real pixels where the terminal takes them."""

import base64
import io
import os
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

_KITTY_CHUNK = 4096
"""Bytes of base64 in one escape sequence, as the protocol demands."""


def half_blocks(picture: Image.Image, columns: int, rows: int) -> Text:
    """The picture in at most `columns` x `rows` characters, two pixels each: upper half and lower half of a block."""
    small = picture.convert("RGB")
    small.thumbnail((columns, 2 * rows), Image.Resampling.LANCZOS)
    colours = [[Color.from_rgb(*map(int, pixel)) for pixel in row] for row in np.asarray(small)]
    text = Text(no_wrap=True)
    for number, upper in enumerate(colours[::2]):
        lower = colours[2 * number + 1] if 2 * number + 1 < len(colours) else [None] * len(upper)
        text.append("\n" if number else "")
        for above, below in zip(upper, lower, strict=True):
            text.append("▀", Style(color=above, bgcolor=below))
    return text


def pixel_protocol(environment: Mapping[str, str] = os.environ) -> str:
    """ "kitty", "iterm2" or "": what the terminal says of itself. Inside tmux or screen neither gets through."""
    if environment.get("TMUX") or environment.get("TERM", "").startswith(("screen", "tmux")):
        return ""
    if environment.get("KITTY_WINDOW_ID") or environment.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    return "iterm2" if environment.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm") else ""


def pixel_escapes(picture: Image.Image, protocol: str) -> str:
    """The escape sequences that show a picture at the cursor.

    kitty: https://sw.kovidgoyal.net/kitty/graphics-protocol; iterm2: https://iterm2.com/documentation-images.html.
    """
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    if protocol == "kitty":
        return "".join(_kitty(data))
    return f"\x1b]1337;File=inline=1;size={len(buffer.getvalue())}:{data}\x07"


def _kitty(data: str) -> Iterator[str]:
    for start in range(0, len(data), _KITTY_CHUNK):
        more = int(start + _KITTY_CHUNK < len(data))
        control = f"a=T,f=100,m={more}" if start == 0 else f"m={more}"
        yield f"\x1b_G{control};{data[start : start + _KITTY_CHUNK]}\x1b\\"
