"""The pictures of the report in docs/pictures: of a real report, once its page is written.

python -m benchmarks report && python tests/benchmarks/report_pictures.py results/report/index.html docs/pictures
"""

import sys
from pathlib import Path

from browser import chromium, visit

LIMIT = 300_000
"""Bytes of one picture."""
_WINDOW = {"width": 1360, "height": 900}


def take_pictures(browser, report: Path, folder: Path) -> list[Path]:
    """The leaderboard, the plots of accuracy and cost (light and dark), and the robustness heat map, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for scheme, sections in (("light", ("leaderboard", "trade-offs", "robustness")), ("dark", ("trade-offs",))):
        with visit(browser, report, viewport=_WINDOW, color_scheme=scheme) as seen:
            for section in sections:
                seen.page.locator(f"#{section}").scroll_into_view_if_needed()
                seen.plots(f"#{section}")
                seen.page.evaluate("id => document.getElementById(id).scrollIntoView()", section)
                taken.append(folder / f"report-{section}{'' if scheme == 'light' else '-dark'}.png")
                seen.page.screenshot(path=taken[-1])
    return taken


if __name__ == "__main__":
    with chromium() as browser:
        for path in take_pictures(browser, Path(sys.argv[1]).resolve(), Path(sys.argv[2])):
            print(path, path.stat().st_size)
