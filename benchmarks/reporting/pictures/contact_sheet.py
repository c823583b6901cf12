"""A contact sheet: the same queries, each beside the first results of several methods, right and wrong framed."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.core.store import Store
from benchmarks.reporting.pictures.findings import Findings, Strip, find_results
from benchmarks.reporting.pictures.marks import BLANK, FAINT, INK, PAPER, font, framed, thumbnail, write_fitted
from benchmarks.reporting.tables.groups import Group
from benchmarks.system.files import write_atomically
from datasets.dataset import Dataset
from datasets.imageset import ImageSet
from datasets.manifest import Manifest
from datasets.words import count_of

MOST_BYTES = 1_500_000
_COLOURS = (256, 128, 64)
"""Palette sizes, tried in turn until the file is small enough."""


@dataclass(frozen=True)
class Layout:
    """Sizes in pixels: a block for each query, its methods below one another, `across` blocks side by side."""

    thumb: int = 60
    gap: int = 4
    query: int = 140
    label: int = 140
    margin: int = 28
    across: int = 2
    header: int = 122

    def block(self, methods: int, k: int) -> tuple[int, int]:
        """Width and height of one query's block."""
        width = self.query + 16 + self.label + k * (self.thumb + self.gap) - self.gap
        height = max(methods * (self.thumb + self.gap) - self.gap, self.query + 54)
        return width, height

    def corner(self, number: int, block: tuple[int, int]) -> tuple[int, int]:
        """Upper left corner of the block of the query with that number."""
        down, right = divmod(number, self.across)
        return (
            self.margin + right * (block[0] + 2 * self.margin),
            self.margin + self.header + down * (block[1] + 2 * self.margin) + self.margin,
        )

    def size(self, queries: int, block: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the sheet."""
        rows = -(-queries // self.across)
        width = 2 * self.margin + self.across * block[0] + (self.across - 1) * 2 * self.margin
        return width, self.margin + self.header + rows * (block[1] + 2 * self.margin)


def contact_sheet(
    store: Store,
    group: Group,
    dataset: Dataset,
    path: Path,
    methods: Sequence[str] | None = None,
    queries: int = 10,
    k: int = 5,
) -> None:
    """Write the sheet of a retrieval group as a PNG file of at most MOST_BYTES at the default sizes.

    `dataset` is the one the group ran on. Without `methods` the best of each family are shown, and chance. The order of
    tied results is arbitrary, but the same each time. Raises BenchmarkError if there is nothing to show, `dataset` is
    another than the group's, or an image is gone.
    """
    findings = find_results(store, group, methods, queries, k)
    manifest = Manifest.from_json(store.manifest_path(group.manifest).read_text(encoding="utf-8"), dataset)
    sheet = draw_sheet(group, findings, manifest.gallery, manifest.queries, k)
    with write_atomically(path) as file:
        file.write(_png(sheet))


def draw_sheet(group: Group, findings: Findings, gallery: ImageSet, queries: ImageSet, k: int) -> Image.Image:
    """The sheet as an RGB picture."""
    layout = Layout()
    block = layout.block(len(findings.strips), k)
    sheet = Image.new("RGB", layout.size(len(findings.queries), block), PAPER)
    shown = np.unique(np.concatenate([ids for strip in findings.strips for ids in strip.positions]))
    thumbs = {int(position): thumbnail(Image.fromarray(gallery[int(position)]), layout.thumb) for position in shown}
    _draw_header(sheet, layout, group, findings, k)
    for number, row in enumerate(findings.queries):
        x, y = layout.corner(number, block)
        ImageDraw.Draw(sheet).line((x, y - layout.margin, x + block[0], y - layout.margin), fill=BLANK, width=2)
        _draw_query(sheet, layout, (x, y), queries, int(row), int(findings.to_find[number]))
        for position, strip in enumerate(findings.strips):
            corner = (x + layout.query + 16, y + position * (layout.thumb + layout.gap))
            _draw_strip(sheet, layout, corner, strip, number, k, thumbs)
    return sheet


def _draw_header(sheet: Image.Image, layout: Layout, group: Group, findings: Findings, k: int) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = layout.margin, layout.margin
    draw.text((left, top), group.where, INK, font(30))
    draw.text((left, top + 42), f"the first {count_of(k, 'result')} of each method for the same queries", INK, font(17))
    order = ", ".join(f"{_name(strip)} {strip.mean_average_precision:.3f}" for strip in findings.strips)
    learns = "    * learns from gallery labels" if any(strip.supervised for strip in findings.strips) else ""
    line = f"mAP over all {count_of(len(group.truth.query_ids), 'query', 'queries')}: {order}{learns}"
    write_fitted(draw, (left, top + 78), line, 14, sheet.width - 2 * left, FAINT)
    x = sheet.width - layout.margin
    for right, word in ((False, "wrong"), (True, "right")):
        x -= round(font(17).getlength(word))
        draw.text((x, top + 18), word, INK, font(17))
        x -= layout.thumb + 10
        sample = framed(Image.new("RGB", (layout.thumb, layout.thumb), BLANK), right)
        sheet.paste(sample, (x, top))
        x -= 24


def _draw_query(
    sheet: Image.Image, layout: Layout, corner: tuple[int, int], queries: ImageSet, row: int, to_find: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    sheet.paste(thumbnail(Image.fromarray(queries[row]), layout.query), corner)
    draw.rectangle((x, y, x + layout.query - 1, y + layout.query - 1), outline=INK, width=2)
    item = queries.items[row]
    for text, size, down, colour in (
        (item.label.replace("_", " "), 16, 9, INK),
        (item.id.rpartition("/")[2], 12, 30, FAINT),
        (f"{to_find:,} to find", 12, 46, FAINT),
    ):
        write_fitted(draw, (x, y + layout.query + down), text, size, layout.query, colour)


def _draw_strip(
    sheet: Image.Image,
    layout: Layout,
    corner: tuple[int, int],
    strip: Strip,
    number: int,
    k: int,
    thumbs: Mapping[int, Image.Image],
) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    right = strip.right[number]
    middle = y + layout.thumb // 2
    write_fitted(draw, (x, middle - 3), _name(strip), 15, layout.label - 8, anchor="ls")
    found = "nothing to search for" if strip.undetected[number] else f"{int(right.sum())} right"
    write_fitted(draw, (x, middle + 5), found, 12, layout.label - 8, FAINT)
    for place in range(k):
        left = x + layout.label + place * (layout.thumb + layout.gap)
        if place < len(right):
            sheet.paste(framed(thumbs[int(strip.positions[number][place])], bool(right[place])), (left, y))
        else:
            draw.rectangle((left, y, left + layout.thumb - 1, y + layout.thumb - 1), fill=BLANK)


def _name(strip: Strip) -> str:
    return strip.method + (" *" if strip.supervised else "")


def _png(sheet: Image.Image) -> bytes:
    """The sheet in as many palette colours as MOST_BYTES allow."""
    data = b""
    for colours in _COLOURS:
        buffer = io.BytesIO()
        palette = sheet.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette.save(buffer, "PNG")
        data = buffer.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data
