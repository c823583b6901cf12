"""The report in a browser, offline: it sorts, filters, zooms, changes colours, and runs nothing that data brought."""

from pathlib import Path

import pytest
from browser import chromium, visit
from report_pictures import LIMIT, take_pictures
from report_support import HandMade
from typer.testing import CliRunner

from benchmarks.cli.app import app

TABLE = "#leaderboard-table"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def _visit(browser, attacking_page):
    with visit(browser, attacking_page, viewport={"width": 1300, "height": 900}) as seen:
        yield seen


@pytest.fixture
def seen(_visit):
    """The page as it is when it has just been opened."""
    _visit.page.emulate_media(color_scheme="light")
    _visit.page.evaluate("localStorage.clear()")
    _visit.page.goto(_visit.page.url.partition("#")[0])
    return _visit


@pytest.fixture
def several_data_sets(tmp_path):
    """A report of two data sets, made by hand."""
    for dataset in ("lfw", "cifar10"):
        stored = HandMade(tmp_path, dataset)
        stored.add("pixels", 4)
        stored.add("hog", 8)
    assert CliRunner().invoke(app, ["report", "--out", str(tmp_path)]).exit_code == 0
    return tmp_path / "report" / "index.html"


def rows(page):
    """The leaderboard's rows that can be seen: their cells' texts."""
    return [row.locator("th,td").all_inner_texts() for row in page.locator(f"{TABLE} tbody tr:visible").all()]


def values(page, key):
    """What the seen rows are sorted by in the column `key`; "" where there is no figure."""
    return page.evaluate(
        """key => {
          const headers = [...document.querySelectorAll("#leaderboard-table thead th")];
          const place = headers.findIndex((header) => header.dataset.key === key);
          return [...document.querySelectorAll("#leaderboard-table tbody tr")].filter((row) => !row.hidden)
            .map((row) => row.cells[place].dataset.value);
        }""",
        key,
    )


def choose(page, **wanted):
    for name, value in wanted.items():
        page.select_option(f"#leaderboard-filters [name={name}]", value)


def test_it_opens_offline_draws_every_plot_and_complains_of_nothing(seen):
    assert seen.plots().count() >= 8
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith("file://")] == []


def test_nothing_that_data_brought_is_run(seen):
    seen.plots()
    seen.page.locator(".plot:visible").first.hover()
    assert seen.page.evaluate("window.hacked") is None


def test_a_click_sorts_and_another_turns_it_round_with_missing_figures_last(seen):
    page = seen.page
    choose(page, task="", weights="")
    header = page.locator(f"{TABLE} th[data-key=p50_ms]")
    for direction, turned in (("ascending", False), ("descending", True)):
        header.get_by_role("button").click()
        assert header.get_attribute("aria-sort") == direction
        found = values(page, "p50_ms")
        numbers = [float(text) for text in found if text]
        assert numbers == sorted(numbers, reverse=turned)
        assert "" in found
        assert found == [text for text in found if text] + [text for text in found if not text]
    assert page.locator(f"{TABLE} th[aria-sort]").count() == 1


def test_names_sort_as_text_and_scores_start_with_the_best(seen):
    page = seen.page
    page.locator(f"{TABLE} th[data-key=method] button").click()
    names = values(page, "method")
    assert names == sorted(names)
    page.locator(f"{TABLE} th[data-key=score] button").click()
    scores = [float(text) for text in values(page, "score")]
    assert scores == sorted(scores, reverse=True)


def test_filters_narrow_the_rows_and_say_how_many_are_left(seen):
    page = seen.page
    status = page.locator("#leaderboard-count")
    whole = page.locator(f"{TABLE} tbody tr").count()
    assert set(values(page, "task")) == {"retrieval"}
    choose(page, task="robustness")
    assert set(values(page, "task")) == {"robustness"}
    choose(page, family="classifier")
    assert status.inner_text() == f"{len(rows(page))} of {whole} rows"
    page.get_by_role("button", name="Show all").click()
    assert status.inner_text() == f"{whole} of {whole} rows"
    page.get_by_label("Method", exact=True).fill("PIX")
    assert set(values(page, "method")) == {"pixels"}
    assert status.get_attribute("aria-live") == "polite"


def test_the_keyboard_is_enough(seen):
    page = seen.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator(f"{TABLE} th[data-key=mAP] button").focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{TABLE} th[data-key=mAP]").get_attribute("aria-sort") == "descending"
    page.keyboard.press("Space")
    assert page.locator(f"{TABLE} th[data-key=mAP]").get_attribute("aria-sort") == "ascending"
    page.locator("#leaderboard-filters [name=task]").focus()
    page.keyboard.press("ArrowDown")
    assert set(values(page, "task")) != {"retrieval"}
    summary = page.locator("#methods summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert summary.locator("xpath=..").get_attribute("open") is not None
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_colours_follow_the_system_until_one_is_chosen_and_plots_follow_the_page(seen):
    page = seen.page
    seen.plots("#trade-offs")
    axis = page.locator("#trade-offs .plot svg text").first
    look = "element => getComputedStyle(element).fill"
    light, light_axis = background(page), axis.evaluate(look)
    page.emulate_media(color_scheme="dark")
    dark, dark_axis = background(page), axis.evaluate(look)
    assert light != dark
    assert light_axis != dark_axis
    page.get_by_role("button", name="Colours").click()
    assert (background(page), axis.evaluate(look)) == (light, light_axis)
    page.reload()
    assert background(page) == light
    page.get_by_role("button", name="Colours").click()
    page.emulate_media(color_scheme="light")
    assert background(page) == dark


def test_buttons_zoom_a_plot_and_bring_the_whole_back(seen):
    page = seen.page
    seen.plots("#trade-offs")
    plot = page.locator("#trade-offs .plot").first
    labels = "[...element.querySelectorAll('.role-axis-label text')].map((text) => text.textContent)"
    ticks = f"element => {labels}.sort().join()"
    whole = plot.evaluate(ticks)
    page.locator("#trade-offs [data-zoom=in]").first.click()
    page.wait_for_function(f"([element, whole]) => ({ticks})(element) !== whole", arg=[plot.element_handle(), whole])
    page.locator("#trade-offs [data-zoom=reset]").first.click()
    page.wait_for_function(f"([element, whole]) => ({ticks})(element) === whole", arg=[plot.element_handle(), whole])


def test_the_wheel_alone_scrolls_the_page_and_zooms_nothing(seen):
    page = seen.page
    seen.plots("#trade-offs")
    plot = page.locator("#trade-offs .plot").first
    plot.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    whole = plot.text_content()
    plot.hover()
    page.mouse.wheel(0, 200)
    page.wait_for_function("before => scrollY > before", arg=before)
    assert plot.text_content() == whole


def test_a_method_s_name_leads_to_its_part(seen):
    page = seen.page
    page.locator(f"{TABLE} tbody tr:visible a", has_text="pixels").click()
    part = page.locator("#method-pixels")
    assert part.get_attribute("open") is not None
    assert part.is_visible()


def test_a_narrow_window_needs_no_sideways_scrolling(browser, attacking_page):
    with visit(browser, attacking_page, viewport={"width": 390, "height": 800}) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_the_tables_are_there(browser, attacking_page):
    with visit(browser, attacking_page, java_script_enabled=False) as seen:
        assert seen.page.locator(f"{TABLE} tbody tr").first.is_visible()
        assert not seen.page.locator("#leaderboard-filters").is_visible()


def test_pictures_of_it_are_taken_in_both_schemes(browser, attacking_page, tmp_path):
    taken = take_pictures(browser, attacking_page, tmp_path)
    assert [path.name for path in taken] == [
        "report-leaderboard.png",
        "report-trade-offs.png",
        "report-robustness.png",
        "report-trade-offs-dark.png",
    ]
    assert all(5_000 < path.stat().st_size < LIMIT for path in taken)


def test_tabs_move_by_the_arrow_keys(browser, several_data_sets):
    with visit(browser, several_data_sets) as seen:
        tabs = seen.page.locator("#trade-offs [role=tab]")
        tabs.first.focus()
        seen.page.keyboard.press("ArrowRight")
        assert tabs.nth(1).get_attribute("aria-selected") == "true"
        assert seen.page.locator("#trade-offs .panel:visible").count() == 1
        assert seen.plots("#trade-offs").count() == 2
        seen.page.keyboard.press("Home")
        assert tabs.first.get_attribute("aria-selected") == "true"
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(seen, scheme):
    seen.page.emulate_media(color_scheme=scheme)
    seen.page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert seen.page.evaluate((Path(__file__).parent / "contrast.js").read_text()) == []
