"""A folder of one's own in a real browser: copies to review, and from a hit to the next search."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from browser import chromium
from copies_support import burst, photo, save
from PIL import Image
from web_support import served

pytest.importorskip("fastapi")
playwright = pytest.importorskip("playwright.sync_api")

WAIT = 120_000
"""Milliseconds: a loaded machine compares slowly."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A folder of 20 strangers, copies of five, and two shots of one scene."""
    from benchmarks.search.gallery import silent
    from benchmarks.search.searcher import Places
    from benchmarks.web.service import Service
    from benchmarks.web.settings import Settings

    root = tmp_path_factory.mktemp("own") / "holidays"
    for seed in range(20):
        save(root / f"IMG_{1700 + seed}.jpg", photo(seed), quality=95)
    for seed in range(5):
        smaller = Image.fromarray(photo(seed)).resize((200, 150))
        save(root / "sent" / f"IMG_{1700 + seed} (1).jpg", np.asarray(smaller), quality=80)
    for shot in range(2):
        save(root / f"burst{shot}.jpg", burst(50, shot), quality=95)
    with served(Service(Settings((str(root),), Places(root.parent / "index"), root), silent)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(params=[1440, 390])
def page(request, browser):
    """A fresh page of that width; at the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": request.param, "height": 900}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(WAIT)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield page
    width = page.evaluate("document.documentElement.scrollWidth")
    folder = os.environ.get("RIS_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    context.close()
    assert wrong == []
    assert width <= request.param, "nothing has to be scrolled sideways"


def test_copies_are_reviewed_and_listed(page, address, tmp_path):
    page.goto(address)
    page.click("text=Copies")
    page.click("#go")
    playwright.expect(page.locator(".group")).to_have_count(5, timeout=WAIT)
    assert "5 groups of copies among 27 pictures" in page.text_content("#notes")
    first = page.locator(".group").first
    assert first.locator(".mark").all_text_contents() == ["IMG_1700.jpg", "sent/IMG_1700 (1).jpg"]
    assert first.locator(".best").count() == 1
    assert page.is_disabled("#save")
    page.click("#all")
    assert page.text_content("#count") == "5 pictures marked"
    page.click("#none")
    first.locator("button").click()
    assert page.text_content("#count") == "1 picture marked"
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "marked.txt")
    assert (tmp_path / "marked.txt").read_text() == "./sent/IMG_1700 (1).jpg\n"


def test_groups_are_gone_through_by_keys(page, address, tmp_path):
    page.goto(f"{address}/copies")
    page.click("#go")
    playwright.expect(page.locator(".group")).to_have_count(5, timeout=WAIT)
    page.keyboard.press("a")
    assert page.text_content("#count") == "no picture marked", "before a group is chosen"
    for key, marked in (("j", "no picture"), ("a", "1 picture"), ("j", "1 picture"), ("1", "2 pictures")):
        page.keyboard.press(key)
        assert page.text_content("#count") == f"{marked} marked", key
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Group 2"
    page.keyboard.press("n")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Group 1"
    with page.expect_download() as download:
        page.keyboard.press("e")
    download.value.save_as(tmp_path / "marked.txt")
    assert (tmp_path / "marked.txt").read_text() == "./sent/IMG_1700 (1).jpg\n"
    page.focus("#gallery")
    page.keyboard.press("n")
    assert page.text_content("#count") == "1 picture marked", "keys of the choice of a folder are its own"


def test_text_that_was_pasted_is_said_to_be_no_picture(page, address):
    page.goto(address)
    page.evaluate("navigator.clipboard.writeText('https://example.org/cat.jpg')")
    page.locator("input[name=method]").first.focus()  # where one is after choosing a method
    page.keyboard.press("Control+V")
    playwright.expect(page.locator("#message.error")).to_contain_text("What was pasted is no picture")
    page.click("#numbers summary")
    page.evaluate("document.getElementById('message').textContent = ''")
    page.focus("#region-x")
    page.keyboard.press("Control+V")
    assert page.text_content("#message") == "", "a field takes text"


def test_from_a_hit_to_the_next_search(page, address):
    data = io.BytesIO()
    Image.fromarray(photo(3)).resize((260, 195)).save(data, "JPEG")
    page.goto(address)
    page.set_input_files("#file", {"name": "found.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()})
    page.wait_for_selector("#frame:not([hidden])")
    for box in page.locator("input[name=method]").all():
        box.set_checked(box.get_attribute("value") == "phash")
    page.click("#go")
    playwright.expect(page.locator(".column .verdict")).to_have_count(1, timeout=WAIT)
    labels = page.locator(".hit .label")
    assert labels.all_text_contents()[:2] == ["IMG_1703.jpg", "sent/IMG_1703 (1).jpg"]
    assert page.locator(".hit .chance").first.text_content().endswith("%")
    page.check("#once")
    playwright.expect(labels.nth(1)).not_to_have_text("sent/IMG_1703 (1).jpg")
    assert labels.first.text_content() == "IMG_1703.jpg"
    page.locator(".hit").first.click()
    page.wait_for_selector("#why-picture:not([hidden])")
    page.click("#copy")
    assert page.evaluate("navigator.clipboard.readText()").endswith("/holidays/IMG_1703.jpg")
    page.click("#with")
    playwright.expect(page.locator("#about")).to_contain_text("IMG_1703.jpg, 320 × 240")
    playwright.expect(page.locator(".column .verdict")).to_have_count(1, timeout=WAIT)  # without another press
    page.uncheck("#once")
    playwright.expect(labels.first).to_have_text("sent/IMG_1703 (1).jpg", timeout=WAIT)
    notes = page.locator(".column details li").all_text_contents()
    assert any("this picture is in the folder as IMG_1703.jpg" in note for note in notes)
