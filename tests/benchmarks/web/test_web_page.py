"""The main path in a real browser: drop, drag a region, search, read results, ask why; by keyboard and in the dark too.

RIS_SCREENSHOTS names a folder for the pictures of the documentation; they show drawn stand-ins alone.
"""

import base64
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from web_support import TABLE, served

pytest.importorskip("fastapi")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")

ROOT = Path(__file__).parents[3]
WAIT = 180_000
"""Milliseconds: a loaded machine opens a method slowly."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Two drawn stand-ins."""
    from benchmarks.search.gallery import silent
    from benchmarks.search.searcher import Places
    from benchmarks.web.service import Service
    from benchmarks.web.settings import Settings

    place = tmp_path_factory.mktemp("page")
    tables = ROOT / "results" / "reference"
    if not (tables / "overview.csv").exists():
        tables = place
        (place / "overview.csv").write_text(TABLE)
    return Service(Settings(("lfw:smoke", "cifar10:smoke"), Places(place / "index"), tables), silent)


@pytest.fixture(scope="module")
def address(service):
    with served(service) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as session:
        browser = session.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    """A fresh page; at the end nothing may have gone wrong in it, and nothing may have been asked of anybody else."""
    context = browser.new_context(viewport={"width": 1360, "height": 860}, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(WAIT)
    wrong, asked = [], []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if _is_fault(message) else None)
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def _is_fault(message) -> bool:
    """An error in the console, but for the browser's own line on a response that refuses."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


@pytest.fixture(scope="module")
def collage(service) -> bytes:
    """A gallery portrait, sent again as a JPEG, beside another picture: two things to search for."""
    gallery = service.galleries[0]
    left, right = (Image.fromarray(gallery.decode(gallery.read(id), id)) for id in (3, 40))
    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def drop(page, data: bytes, name: str) -> None:
    """Let go of a file over the page, as a person would."""
    transfer = page.evaluate_handle(
        """([data, name]) => {
            const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name));
            return transfer;
        }""",
        [base64.b64encode(data).decode(), name],
    )
    page.dispatch_event("#picture", "drop", {"dataTransfer": transfer})


def wait_for_pictures(page, selector: str) -> None:
    """Until those in sight are drawn; not by wait_for_function, which the page's own policy forbids."""
    loaded = "(images) => images.slice(0, 12).every((image) => image.complete && image.naturalWidth)"
    for _ in range(200):
        if page.locator(selector).evaluate_all(loaded):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{selector} does not load")


def mark_left_half(page) -> None:
    seen = page.locator("#frame").bounding_box()
    page.mouse.move(seen["x"] + 1, seen["y"] + 1)
    page.mouse.down()
    page.mouse.move(seen["x"] + seen["width"] / 2, seen["y"] + seen["height"] - 1, steps=6)
    page.mouse.up()


def choose(page, *methods: str) -> None:
    for box in page.locator("fieldset:not([hidden]) input[name=method]").all():
        box.set_checked(box.get_attribute("value") in methods)


def shot(page, name: str) -> None:
    """Keep a screenshot for the documentation, in few colours, if a folder for it is named."""
    folder = os.environ.get("RIS_SCREENSHOTS")
    if not folder:
        return
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    for colours in (256, 128, 64):
        picture.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < 300_000:
            break


def test_drop_drag_search_and_ask_why(page, address, collage):
    page.goto(address)
    drop(page, collage, "two people.jpg")
    page.wait_for_selector("#frame:not([hidden])")
    assert "two people.jpg" in page.text_content("#about")
    mark_left_half(page)
    assert page.is_visible("#region")
    marked = [int(page.input_value(f"#region-{key}")) for key in "xywh"]
    width, height = Image.open(io.BytesIO(collage)).size
    assert marked[:2] == pytest.approx([0, 0], abs=3)
    assert marked[2:] == pytest.approx([width / 2, height], abs=5)
    choose(page, "phash", "hog", "sift-ransac")
    page.click("#go")
    playwright.expect(page.locator(".column .verdict")).to_have_count(3, timeout=WAIT)
    wait_for_pictures(page, ".hit img:visible")
    assert page.locator(".column h2").all_text_contents() == ["phash", "sift-ransac", "hog"]
    phash = page.locator(".column").first
    assert "match" in phash.locator(".verdict").text_content()
    assert phash.locator(".hits li").count() == 12
    assert phash.locator(".hits li").first.get_attribute("class") == "good"
    shot(page, "serve-search")
    page.locator(".column").nth(1).locator(".hit").first.click()
    page.wait_for_selector("#why-picture:not([hidden])")
    assert "sift-ransac" in page.text_content("#why-title")
    assert page.evaluate("document.getElementById('why-picture').naturalWidth") > 200
    shot(page, "serve-why")
    page.keyboard.press("Escape")
    assert not page.is_visible("#why")


def test_the_whole_path_by_keyboard_and_in_the_dark(page, address, collage):
    page.emulate_media(color_scheme="dark")
    page.goto(address)
    page.set_input_files("#file", {"name": "both.jpg", "mimeType": "image/jpeg", "buffer": collage})
    page.wait_for_selector("#frame:not([hidden])")
    page.focus("#frame")
    page.keyboard.press("ArrowLeft")
    whole = [int(page.input_value(f"#region-{key}")) for key in "xywh"]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    moved = [int(page.input_value(f"#region-{key}")) for key in "xywh"]
    assert moved[0] < whole[0]
    assert moved[3] > whole[3]
    page.keyboard.press("Escape")
    assert not page.is_visible("#region")
    choose(page, "phash", "colour-histogram")
    page.focus("#go")
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".column .verdict")).to_have_count(2, timeout=WAIT)
    wait_for_pictures(page, ".hit img:visible")
    shot(page, "serve-dark")
    page.locator(".hit").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#why-picture:not([hidden])")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "hit"


def test_typed_regions_and_another_gallery(page, address, collage):
    page.goto(address)
    drop(page, collage, "both.jpg")
    page.wait_for_selector("#frame:not([hidden])")
    page.click("#numbers summary")
    for key, value in zip("xywh", ("10", "10", "100", "90"), strict=True):
        page.fill(f"#region-{key}", value)
    assert page.is_visible("#region")
    page.select_option("#gallery", "1")
    assert page.locator("fieldset:not([hidden]) input[value=mtcnn-facenet]").count() == 0, "no faces there"
    choose(page, "phash", "pixels")
    page.click("#go")
    playwright.expect(page.locator(".column .verdict")).to_have_count(2, timeout=WAIT)
    notes = page.locator(".column details li").all_text_contents()
    assert any("searched for the region 10,10,100,90 alone" in note for note in notes)


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"a letter", "not an image"), (b"", "empty"), (b"\xff" * (21 * 2**20), "20 are taken at most")],
    ids=["text", "empty", "too large"],
)
def test_what_is_no_picture_is_said_on_the_page(page, address, data, says):
    page.goto(address)
    page.set_input_files("#file", {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": data})
    page.wait_for_selector("#message.error")
    assert says in page.text_content("#message")
    assert page.is_visible("#drop")


def test_a_region_outside_the_picture_is_said_on_the_page(page, address, collage):
    page.goto(address)
    drop(page, collage, "both.jpg")
    page.wait_for_selector("#frame:not([hidden])")
    page.click("#numbers summary")
    for key, value in zip("xywh", ("9000", "10", "100", "90"), strict=True):
        page.fill(f"#region-{key}", value)
    choose(page, "phash")
    page.click("#go")
    page.wait_for_selector(".column .error")
    assert "outside the picture" in page.text_content(".column .error")


def test_the_leaderboard_sorts_and_filters(page, address):
    page.goto(f"{address}/leaderboard")
    shown = "[...document.querySelectorAll('#board tbody tr:not([hidden])')]"
    figures = f"{shown}.map((row) => row.cells[2].dataset.value).filter((text) => text !== '').map(Number)"
    falling = page.evaluate(figures)
    assert falling == sorted(falling, reverse=True)
    assert len(falling) > 1
    page.click("text=hit@1")
    assert page.evaluate(figures) == sorted(falling)
    page.click("text=hit@1")
    shot(page, "serve-leaderboard")
    page.select_option("#family", "hash")
    assert set(page.evaluate(f"{shown}.map((row) => row.dataset.family)")) == {"hash"}
    page.fill("#method", "whash")
    assert page.evaluate(f"{shown}.map((row) => row.dataset.method)") == ["whash"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390  # the table alone is moved sideways


def test_pixels_are_where_the_pointer_was(page, address):
    """A picture much larger than its frame: the region is in the picture's own pixels."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (1000, 1600, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG", quality=30)
    page.goto(address)
    drop(page, buffer.getvalue(), "large.jpg")
    page.wait_for_selector("#frame:not([hidden])")
    wait_for_pictures(page, "#preview")
    go = page.locator("#go").bounding_box()
    assert go["y"] + go["height"] <= 860  # however tall the panel, its button is in sight
    mark_left_half(page)
    marked = [int(page.input_value(f"#region-{key}")) for key in "xywh"]
    assert marked == pytest.approx([0, 0, 800, 1000], abs=12)
