"""A contact sheet of answers: a PNG picture, or a page that stands alone."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from benchmarks.reporting.pictures.marks import BLANK, FAINT, INK, PAPER, RIGHT, write_fitted
from benchmarks.search.answer import Answer
from benchmarks.search.found import Found
from benchmarks.search.gallery import Gallery
from benchmarks.search.query import Query
from benchmarks.search.show.thumbs import gallery_thumb, thumb
from benchmarks.search.words import Words
from benchmarks.system.files import write_atomically, write_text
from benchmarks.system.named_files import Form, picture_note, require_free
from datasets.reading import expanded
from datasets.words import score_text

SHEET = Form((".png", ".html"))
SIDE, GAP, TEXT = 128, 12, 40
"""Pixels of a picture, between two, and of the lines below each."""


def check_sheet(path: Path, gallery: str) -> None:
    """Raise NamedFileError before anything is searched if the sheet must not be written there.

    `gallery` is a folder or a data set, as it was named.
    """
    require_free(path, "--sheet", SHEET, [expanded(gallery)])


def write_sheet(path: Path, found: Sequence[Found], gallery: Gallery) -> None:
    """Write every query's answers to `path`; its suffix says how."""
    if path.suffix.lower() == ".html":
        from benchmarks.search.show.page import sheet_page

        write_text(path, sheet_page(found, gallery))
        return
    strips = [draw_strip(one.query, answer, gallery) for one in found for answer in one.answers]
    sheet = Image.new("RGB", (max(s.width for s in strips), sum(s.height for s in strips)), PAPER)
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    with write_atomically(path) as file:
        sheet.save(file, "PNG", pnginfo=picture_note())


def draw_strip(query: Query | Words, answer: Answer, gallery: Gallery) -> Image.Image:
    """One answer as a row of pictures: the query, then the hits; good matches are framed thick."""
    width = GAP + (len(answer.hits) + 1) * (SIDE + GAP) + GAP
    strip = Image.new("RGB", (max(width, 480), 3 * GAP + 24 + SIDE + TEXT), PAPER)
    draw = ImageDraw.Draw(strip)
    milliseconds = 1e3 * (answer.seconds["encode"] + answer.seconds["search"])
    heading = f"{answer.method} in {answer.gallery}: {answer.verdict}   {milliseconds:,.0f} ms"
    write_fitted(draw, (GAP, GAP), heading, 18, strip.width - 2 * GAP)
    top = 2 * GAP + 24
    _place(strip, (GAP, top), thumb(query.image, SIDE) if isinstance(query, Query) else None, "query", query.name)
    for number, hit in enumerate(answer.hits):
        left = 2 * GAP + (number + 1) * (SIDE + GAP)
        picture = gallery_thumb(gallery, hit.id, SIDE)
        _place(strip, (left, top), picture, f"{hit.rank}   {score_text(hit.score)}", hit.label or hit.path)
        if answer.is_good(hit):
            draw.rectangle((left - 3, top - 3, left + SIDE + 2, top + SIDE + 2), outline=RIGHT, width=4)
    return strip


def _place(strip: Image.Image, corner: tuple[int, int], picture: Image.Image | None, line: str, name: str) -> None:
    draw = ImageDraw.Draw(strip)
    x, y = corner
    if picture is None:
        draw.rectangle((x, y, x + SIDE - 1, y + SIDE - 1), fill=BLANK)
    else:
        strip.paste(ImageOps.pad(picture, (SIDE, SIDE), color=BLANK), corner)
    write_fitted(draw, (x, y + SIDE + 6), line, 14, SIDE, INK)
    write_fitted(draw, (x, y + SIDE + 24), name, 12, SIDE, FAINT)
