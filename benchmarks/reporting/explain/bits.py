"""Binary codes explained: the bits of both images as a grid, and which of them differ."""

import math

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.reporting.explain.canvas import PANEL, side_by_side, stacked, written
from benchmarks.reporting.explain.explanation import Explanation, Question
from benchmarks.reporting.pictures.marks import INK, PAPER, WRONG
from methods.building import build_encoder
from methods.spec import MethodSpec

ONE, ZERO = PAPER, (58, 58, 64)


def explain_bits(question: Question) -> Explanation:
    """Both codes as grids, differing bits framed and crossed out; their number is the Hamming distance."""
    encoder = build_encoder(question.spec, question.surroundings)
    # One by one: images of different sizes need not share a batch.
    codes = [np.unpackbits(encoder.encode([image])[0]) for image in (question.query, question.hit)]
    query, hit = (code[: _bits(question.spec, len(code))].astype(bool) for code in codes)
    differing = query != hit
    count, bits = int(differing.sum()), len(differing)
    title = f"{question.spec.id}: {count} of {bits} bits differ"
    text = (
        f"Each image is a code of {bits} bits, white for 1 and dark for 0; the {count} that differ are framed "
        f"and crossed out. The score is minus their number; between codes of tossed coins it is about {bits // 2}."
    )
    images = side_by_side([question.query, question.hit], ["query", "hit"])
    grids = [draw_bits(code, differing) for code in (query, hit)]
    caption = written(title, images.width)
    return Explanation(title, text, np.array(stacked([images, side_by_side(grids), caption])))


def draw_bits(code: np.ndarray, differing: np.ndarray) -> np.ndarray:
    """A grid of squares, row by row, PANEL pixels wide: bits (n,) bool, marked where `differing` (n,) bool."""
    columns = math.isqrt(len(code))
    columns = columns if columns**2 == len(code) else 16
    rows, cell = -(-len(code) // columns), PANEL // columns
    picture = Image.new("RGB", (columns * cell, rows * cell), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (bit, differs) in enumerate(zip(code, differing, strict=True)):
        down, right = divmod(number, columns)
        box = (right * cell, down * cell, (right + 1) * cell - 1, (down + 1) * cell - 1)
        draw.rectangle(box, fill=ONE if bit else ZERO, outline=INK)
        if differs:
            _cross_out(draw, box, cell)
    return np.array(picture)


def _cross_out(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], cell: int) -> None:
    left, top, right, bottom = box
    inset = max(2, cell // 4)
    draw.rectangle(box, outline=WRONG, width=max(2, cell // 8))
    for line in (
        (left + inset, top + inset, right - inset, bottom - inset),
        (left + inset, bottom - inset, right - inset, top + inset),
    ):
        draw.line(line, fill=WRONG, width=max(2, cell // 8))


def _bits(spec: MethodSpec, packed: int) -> int:
    """How many of `packed` bits are the code's own: bytes are filled up with zeros."""
    side = spec.encoder.params.get("hash_size") if spec.encoder else None
    return side**2 if isinstance(side, int) else packed
