"""The report in a browser, offline: it sorts, filters, zooms, changes colours, and runs nothing that data brought."""

import csv
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from browser import chromium, visit
from PIL import Image as PilImage
from report_pictures import LIMIT, take_pictures
from report_support import ATTACK, HandMade
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.reporting.html.section import Section, render
from benchmarks.reporting.html.write import write_page
from benchmarks.reporting.tables.model import Column, Table

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


@pytest.fixture(scope="module")
def sample():
    """The report that is kept in the documentation."""
    return Path(__file__).parents[4] / "docs" / "sample-report" / "index.html"


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
        "report-compare.png",
        "report-trade-offs.png",
        "report-robustness.png",
        "report-gallery.png",
        "report-leaderboard-dark.png",
        "report-trade-offs-dark.png",
        "report-leaderboard-narrow.png",
        "report-trade-offs-narrow.png",
        "report-leaderboard-narrow-dark.png",
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
    assert seen.page.evaluate((Path(__file__).parents[2] / "contrast.js").read_text()) == []


def at(page, anchor="", **chosen):
    """The page opened afresh at an anchor, with choices in its address."""
    start = page.url.partition("#")[0]
    page.goto("about:blank")
    page.goto(f"{start}#{anchor}?{urlencode(chosen)}")


def opacities(plot):
    """How opaque each of the plot's points is."""
    return plot.evaluate(
        "plot => [...plot.querySelectorAll('.dots_marks path')].map((mark) => Number(mark.getAttribute('opacity')))"
    )


def test_a_click_on_the_legend_picks_its_family(seen):
    page = seen.page
    seen.plots("#trade-offs")
    plot = page.locator("#trade-offs .plot:visible").first
    assert set(opacities(plot)) == {1.0}
    plot.locator(".role-legend-label text", has_text="classifier").click()
    opaque = (
        "([plot, count]) => [...plot.querySelectorAll('.dots_marks path')]"
        ".filter((mark) => mark.getAttribute('opacity') === '1').length === count"
    )
    page.wait_for_function(opaque, arg=[plot.element_handle(), 1])  # svm alone is a classifier
    assert set(opacities(plot)) == {0.12, 1.0}
    plot.locator(".role-legend-symbol path").first.click()
    page.wait_for_function(opaque, arg=[plot.element_handle(), 2])  # pixels and mean-colour


OVERLAPS = """plot => {
  const boxes = (place) => [...plot.querySelectorAll(place)].filter((mark) => mark.getAttribute("opacity") !== "0")
    .map((mark) => [mark.textContent || place, mark.getBoundingClientRect()]);
  const names = boxes(".names > *");
  const others = [...boxes(".dots_marks > *"), ...boxes(".bars_marks > *")];
  const found = [];
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  names.forEach(([text, box], place) => {
    for (const [other, there] of [...names.slice(place + 1), ...others]) {
      if (meet(box, there)) { found.push([text, other]); }
    }
  });
  for (const line of plot.querySelectorAll(".front_marks path")) {
    const place = line.getScreenCTM();
    for (let at = 0; at <= line.getTotalLength(); at += 2) {
      const { x, y } = line.getPointAtLength(at).matrixTransform(place);
      for (const [text, box] of names) {
        const inside = x > box.left + 1 && x < box.right - 1 && y > box.top + 1 && y < box.bottom - 1;
        if (inside) { found.push([text, "front"]); }
      }
    }
  }
  return [names.length, found];
}"""


@pytest.mark.parametrize("width", [390, 1440])
def test_names_in_plots_cover_no_other_name_point_interval_or_front(browser, sample, width):
    with visit(browser, sample, viewport={"width": width, "height": 900}) as seen:
        named = 0
        for section in ("#trade-offs", "#recall"):
            for plot in seen.plots(section).all():
                count, found = plot.evaluate(OVERLAPS)
                assert found == []
                named += count
        assert named >= 8


def test_a_narrow_window_shows_scores_and_cuts_no_plot(browser, sample):
    with visit(browser, sample, viewport={"width": 390, "height": 800}) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for part in (".value", ".interval"):
            box = page.locator(f"{TABLE} tbody tr:visible .score {part}").first.bounding_box()
            assert box["x"] + box["width"] <= 390
        for head in page.locator(f"{TABLE} thead th:visible button").all():
            height = head.locator("xpath=ancestor::thead").bounding_box()["height"]
            assert height < 110  # no blank band above the names of columns
        for plot in seen.plots().all():
            cut = plot.evaluate(
                """(plot) => [...plot.querySelectorAll('svg text')].filter((text) => {
                  const [box, frame] = [text.getBoundingClientRect(), plot.getBoundingClientRect()];
                  return box.width && text.getAttribute('opacity') !== '0'
                    && (box.left < frame.left - 1 || box.right > frame.right + 1);
                }).map((text) => text.textContent)"""
            )
            assert cut == []


def test_the_address_holds_filters_order_columns_and_tabs(browser, several_data_sets):
    with visit(browser, several_data_sets, viewport={"width": 1300, "height": 900}) as seen:
        page = seen.page
        choose(page, family="pixels")
        page.locator(f"{TABLE} th[data-key=mAP] button").click()
        page.get_by_text("Columns", exact=True).click()
        page.get_by_label("family", exact=True).uncheck()
        page.locator("#trade-offs [role=tab]").nth(1).click()
        link, was = page.url, rows(page)
        assert not page.locator(f"{TABLE} th[data-key=family]").is_visible()
        page.goto("about:blank")
        page.goto(link)
        assert rows(page) == was
        assert page.locator(f"{TABLE} th[data-key=mAP]").get_attribute("aria-sort") == "descending"
        assert not page.locator(f"{TABLE} th[data-key=family]").is_visible()
        assert page.locator("#trade-offs [role=tab]").nth(1).get_attribute("aria-selected") == "true"
        assert seen.complaints == []


def test_back_returns_to_the_view_before(seen):
    page = seen.page
    before = rows(page)
    choose(page, task="robustness")
    assert rows(page) != before
    page.locator(f"{TABLE} tbody tr:visible a").first.click()  # a link keeps what was chosen
    assert set(values(page, "task")) == {"robustness"}
    page.go_back()
    page.go_back()
    assert rows(page) == before


def test_an_address_with_unknown_choices_opens_as_usual(seen):
    before = rows(seen.page)
    at(seen.page, "nowhere", task="no such task", sort="nothing", a=ATTACK, **{"tab-trade-offs": "x"})
    assert rows(seen.page) == before
    assert seen.page.evaluate("window.hacked") is None
    assert seen.complaints == []


def saved(page, button):
    with page.expect_download() as started:
        button.click()
    return started.value


def test_a_table_is_saved_as_csv_as_it_is_seen(seen):
    page = seen.page
    choose(page, family="pixels")
    file = saved(page, page.get_by_role("button", name="Download as CSV: Leaderboard"))
    assert file.suggested_filename == "Leaderboard.csv"
    found = list(csv.reader(Path(file.path()).read_text(encoding="utf-8").splitlines()))
    assert found[0][:2] == ["method", "hit@1 or accuracy"]
    assert [line[0] for line in found[1:]] == values(page, "method")
    assert [line[1] for line in found[1:]] == values(page, "score")


def test_csv_is_quoted_and_starts_no_formula(browser, tmp_path):
    cells = ["=1+1", "@x", "+cmd", "-2.5", 'a "b", c', "plain"]
    table = Table("T", (Column("method", "method", is_text=True),), [{"method": text} for text in cells])
    section = Section("s", "S", render("tables.html", pages=[SimpleNamespace(name="t", tables=[table])]))
    path = write_page([section], tmp_path / "page.html", "T", "")
    with visit(browser, path) as seen:
        seen.page.locator("summary").click()
        text = Path(saved(seen.page, seen.page.get_by_role("button", name="CSV")).path()).read_bytes().decode()
    assert text == 'method\r\n\'=1+1\r\n\'@x\r\n\'+cmd\r\n-2.5\r\n"a ""b"", c"\r\nplain\r\n'


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_plot_is_saved_as_png_and_svg(seen, scheme):
    page = seen.page
    page.emulate_media(color_scheme=scheme)
    seen.plots("#trade-offs")
    figure = page.locator("#trade-offs figure:visible").first
    svg = Path(saved(page, figure.get_by_role("button", name="SVG")).path()).read_text(encoding="utf-8")
    assert "hit@1" in svg
    assert "var(" not in svg
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    file = saved(page, figure.get_by_role("button", name="PNG"))
    assert file.suggested_filename.endswith(".png")
    with PilImage.open(file.path()) as image:
        ground = image.convert("RGB").getpixel((2, 2))
        colours = image.convert("RGB").getcolors(1 << 20)
    assert min(ground) > 240 if scheme == "light" else max(ground) < 60
    assert len(colours) > 20
    assert seen.complaints == []


def test_two_methods_are_compared_and_the_address_says_which(seen):
    page = seen.page
    page.select_option("#compare-form [name=first]", "pixels")
    page.select_option("#compare-form [name=second]", "oracle")
    line = page.locator("#compare-table tbody tr", has_text="hit@1").first.inner_text()
    assert "−" in line or "+" in line
    there = page.locator("#compare-table").inner_text()
    page.select_option("#compare-form [name=second]", "random")
    page.go_back()
    assert page.locator("#compare-table").inner_text() == there
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    assert page.locator("#compare-table").inner_text() == there
    assert page.locator("#compare-verdict").get_attribute("aria-live") == "polite"


def test_no_column_is_cut_on_paper(browser, sample):
    """Landscape, as the page asks: A4 less its margins is 1,047 CSS pixels wide."""
    with visit(browser, sample, viewport={"width": 1047, "height": 720}) as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1047
        cut = seen.page.evaluate(
            """[...document.querySelectorAll('.scroll')].filter((place) => place.scrollWidth > place.clientWidth + 1)
              .map((place) => place.id || place.className)"""
        )
        assert cut == []


def test_cells_of_the_heat_map_are_printed_in_colour(browser, sample):
    with visit(browser, sample) as seen:
        seen.page.emulate_media(media="print")
        looks = seen.page.evaluate(
            """[...document.querySelectorAll('.heat td[class]')].map((cell) =>
              [getComputedStyle(cell).printColorAdjust, getComputedStyle(cell).display])"""
        )
        assert {tuple(look) for look in looks} == {("exact", "table-cell")}
        assert not seen.page.locator(".filters").first.is_visible()
