"""Galleries in the page: frames and texts say the truth, no picture is broken, everything from data is escaped."""

import html
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.core.cells import Cell
from benchmarks.core.store import Store
from benchmarks.reporting.html.galleries import gallery_section
from benchmarks.reporting.html.gallery_view import SIDE, Thumbnails, said_rank
from datasets.folder import Folder
from datasets.manifest import build_manifest
from methods.registry import load_registry
from tests.benchmarks.bench_support import PLUGIN, Bench
from tests.benchmarks.stored_cells import StoredCells


@pytest.fixture(scope="module")
def page(tmp_path_factory, photo_folder):
    """A page with the galleries of real cells over the folder of pictures."""
    root = tmp_path_factory.mktemp("galleries")
    store = Store(root / "out")
    store.require_writable()
    bench = Bench(store, load_registry([PLUGIN]), photo_folder)
    bench.run("random", "pixels", "phash", "mean-colour")
    folder = root / "report"
    section = gallery_section(store, bench.registry, None, folder)
    return write_page(section, folder), store, bench


def write_page(section, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    style = ":root { --page: #fff; --ink: #111; --quiet: #555; --line: #ccc }" + section.style
    path = folder / "index.html"
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{section.title}</title><style>{style}</style>"
    path.write_text(f"{head}<h2>{section.title}</h2>{section.html}", encoding="utf-8")
    return path


class Pictures(HTMLParser):
    """Every <img> with the class of the list item around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._item = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "li":
            self._item = dict(attributes)["class"]
        elif tag == "img":
            self.found.append((self._item, dict(attributes)))

    def handle_endtag(self, tag):
        if tag == "li":
            self._item = ""


def test_frames_and_texts_say_the_truth(page, photo_folder):
    path, _, _ = page
    pictures = Pictures(path.read_text()).found
    frames = [(item.split()[1], attributes["alt"]) for item, attributes in pictures if item]
    assert {frame for frame, _ in frames} == {"right", "wrong"}
    assert all(alt.startswith(frame) for frame, alt in frames)
    queries = [attributes["alt"] for item, attributes in pictures if not item]
    assert queries and all(alt.startswith("query: label") for alt in queries)


def test_thumbnails_are_shared_and_none_is_missing_or_left_over(page):
    path, _, _ = page
    links = [attributes["src"] for _, attributes in Pictures(path.read_text()).found]
    files = {f"thumbnails/{file.name}" for file in (path.parent / "thumbnails").iterdir()}
    assert set(links) == files
    assert len(links) > len(files)


def test_a_thumbnail_is_small_and_has_the_pictures_proportions(tmp_path, photo_folder):
    manifest = build_manifest(Folder(photo_folder), "smoke")
    link = Thumbnails(tmp_path).link(manifest.gallery, 0)
    assert re.fullmatch(r"thumbnails/[0-9a-f]{20}-96\.webp", link)
    with Image.open(tmp_path / link) as picture:
        assert picture.size == (48, 40)  # smaller than SIDE: it stays as it is


def test_a_large_picture_is_reduced_and_one_that_changed_has_no_thumbnail(tmp_path):
    for name in ("one", "two"):
        (tmp_path / "photos" / "label").mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(len(name + "x") + ord(name[0]))
        noise = rng.integers(0, 256, (200, 400, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "photos" / "label" / f"{name}.png")
    manifest = build_manifest(Folder(tmp_path / "photos"), "smoke")
    both = [(images, 0) for images in (manifest.gallery, manifest.queries)]
    changed = manifest.queries.ids[0]
    Image.new("RGB", (200, 400)).save(tmp_path / "photos" / changed)
    kept, gone = (Thumbnails(tmp_path / "page").link(*which) for which in both)
    assert gone is None
    with Image.open(tmp_path / "page" / kept) as picture:
        assert picture.size == (SIDE, SIDE // 2)


def test_without_the_images_ids_stand_in_their_place(tmp_path):
    cells = StoredCells(tmp_path / "out")
    gallery = [("Al/1", "Al"), ("<b>Bo</b>/1", "<b>Bo</b>")]
    manifest = cells.manifest(gallery, [("Al/2", "Al"), ('"><script>alert(1)</script>', "<b>Bo</b>")])
    cells.cell(Cell("lfw", "standard", "retrieval", "pixels"), manifest, ids=[[1, 0], [0, 1]])
    section = gallery_section(cells.store, load_registry(), None, tmp_path / "report")
    assert "<img" not in section.html and "The images are not here" in section.html
    assert "Al/1" in section.html
    assert "<script" not in section.html and "<b>" not in section.html
    assert "&lt;b&gt;Bo&lt;/b&gt;" in section.html
    assert not (tmp_path / "report" / "thumbnails").exists()


def test_nothing_stored_gives_no_section(tmp_path):
    store = Store(tmp_path)
    store.require_writable()
    assert gallery_section(store, load_registry(), None, tmp_path / "report") is None


def test_a_failure_shows_its_first_right_result_at_its_rank(tmp_path):
    cells = StoredCells(tmp_path / "out")
    gallery = [(f"Bo/{number}", "Bo") for number in range(8)] + [("Al/1", "Al")]
    manifest = cells.manifest(gallery, [("Al/2", "Al")])
    cells.cell(Cell("lfw", "standard", "retrieval", "pixels"), manifest, ids=[list(range(9))])
    section = gallery_section(cells.store, load_registry(), None, tmp_path / "report")
    item = re.search(r'<li class="shot right later">.*?</li>', section.html, re.DOTALL)[0]
    assert "Al/1" in item and "✓</span> 9" in item
    assert "first right: rank 9" in section.html


@pytest.mark.parametrize(("rank", "said"), [(1.0, "1"), (1234.0, "1,234"), (1.5, "≈1.5"), (46.33, "≈46")])
def test_ranks_for_people(rank, said):
    assert said_rank(rank) == said


def test_in_a_browser_no_picture_is_broken_and_frames_need_no_colour(page):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")
    path, _, _ = page
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        window = browser.new_page()
        window.goto(path.as_uri())
        window.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        window.evaluate("for (const image of document.images) image.loading = 'eager'")
        window.wait_for_function("[...document.images].every(image => image.complete)")
        widths = window.evaluate("[...document.images].map(image => image.naturalWidth)")
        assert len(widths) > 50 and min(widths) > 0
        styles = {
            frame: window.evaluate(f"getComputedStyle(document.querySelector('.shot.{frame} img')).borderTopStyle")
            for frame in ("right", "wrong")
        }
        assert styles == {"right": "solid", "wrong": "dashed"}
        marks = {frame: window.locator(f".shot.{frame} .mark").first.inner_text() for frame in ("right", "wrong")}
        assert marks == {"right": "✓", "wrong": "✗"}
        assert window.evaluate("[...document.images].every(image => image.alt.length > 8)")
        browser.close()


def test_failures_come_with_the_command_that_explains_them(page):
    import shlex

    from typer.testing import CliRunner

    from benchmarks.cli.app import app

    path, store, _ = page
    found = re.findall(r"<code[^>]*>python -m benchmarks (.*?)</code>", path.read_text())
    methods = {shlex.split(html.unescape(command))[1] for command in found}
    assert {"pixels", "phash"} <= methods
    command = next(shlex.split(html.unescape(command)) for command in found if " phash " in command)
    done = CliRunner().invoke(app, [*command, "--out", str(store.root)])
    assert done.exit_code == 0 and "of 64 bits differ" in done.output
