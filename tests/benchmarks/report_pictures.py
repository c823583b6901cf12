"""The pictures of the report in docs/pictures: of the sample report, or of another page that was written.

python tests/benchmarks/report_pictures.py docs/sample-report/index.html docs/pictures
"""

import io
import sys
from pathlib import Path

from browser import chromium, visit
from PIL import Image

LIMIT = 150_000
"""Bytes of one picture."""
COLOURS = 256
_WIDE = {"width": 1440, "height": 900}
_NARROW = {"width": 390, "height": 844}
_VIEWS = (
    ("", _WIDE, "light", ("leaderboard", "compare", "trade-offs", "robustness", "galleries")),
    ("-dark", _WIDE, "dark", ("leaderboard", "trade-offs")),
    ("-narrow", _NARROW, "light", ("leaderboard", "trade-offs")),
    ("-narrow-dark", _NARROW, "dark", ("leaderboard",)),
)
_NAMES = {"galleries": "gallery"}
"""What a section's picture is called where documents know it by another name."""


def take_pictures(browser, report: Path, folder: Path) -> list[Path]:
    """Sections of the report as PNG, wide and narrow, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for suffix, window, scheme, sections in _VIEWS:
        with visit(browser, report, viewport=window, color_scheme=scheme) as seen:
            for section in sections:
                seen.page.locator(f"#{section}").scroll_into_view_if_needed()
                seen.plots(f"#{section}")
                seen.page.evaluate("id => document.getElementById(id).scrollIntoView()", section)
                seen.page.wait_for_load_state("networkidle")
                path = folder / f"report-{_NAMES.get(section, section)}{suffix}.png"
                _save(seen.page.screenshot(), path)
                taken.append(path)
    return taken


def _save(picture: bytes, path: Path) -> None:
    """Write a screenshot with few colours, which a page has anyway, so that it stays small."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


if __name__ == "__main__":
    with chromium() as browser:
        for path in take_pictures(browser, Path(sys.argv[1]).resolve(), Path(sys.argv[2])):
            print(path, path.stat().st_size)
