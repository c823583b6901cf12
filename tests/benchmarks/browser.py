"""Chromium for tests, watched: what a page asks of the network and what it complains of."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Visit:
    """A page that was opened from a file, offline."""

    def __init__(self, page, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path.as_uri())

    def plots(self, within: str = "main"):
        """The plots below `within` that can be seen, drawn."""
        for place in self.page.locator(f"{within} .plot:visible").all():
            place.scroll_into_view_if_needed()
            place.locator("svg").wait_for(timeout=20_000)
        return self.page.locator(f"{within} .plot:visible")


@contextmanager
def chromium() -> Iterator[object]:
    """A browser, or a skipped test where there is none."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visit(browser, path: Path, **options) -> Iterator[Visit]:
    """`path` in a fresh, offline window; `options` as of Playwright's new_context."""
    context = browser.new_context(offline=True, reduced_motion="reduce", **options)
    yield Visit(context.new_page(), path)
    context.close()
