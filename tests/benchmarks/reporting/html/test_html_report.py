"""The report's page: what is in it, that nothing from data stands in it unescaped, that it runs its own code alone."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from types import SimpleNamespace

import altair as alt
import pytest
from report_support import ATTACK, SCRIPT, Elements, HandMade
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.store import Store
from benchmarks.metrics.statistics import paired_difference
from benchmarks.reporting.html.commands import origins, tables_section
from benchmarks.reporting.html.compare import compare
from benchmarks.reporting.html.dimensions import dimension_curve
from benchmarks.reporting.html.figure import Figure, Panel, figures_html
from benchmarks.reporting.html.growth import growth
from benchmarks.reporting.html.heat_map import heat_map, shade
from benchmarks.reporting.html.leaderboard import leaderboard
from benchmarks.reporting.html.method_pages import method_pages
from benchmarks.reporting.html.overview import overview
from benchmarks.reporting.html.recall_curves import recall_curves
from benchmarks.reporting.html.section import render, source
from benchmarks.reporting.html.theme import SHAPES, family_class
from benchmarks.reporting.html.trade_offs import on_fronts, trade_offs
from benchmarks.reporting.html.trainings import trainings
from benchmarks.reporting.html.write import page_scripts, page_style
from benchmarks.reporting.tables.model import Column, Table, fraction
from benchmarks.reporting.tables.pages import make_pages
from datasets.errors import BenchmarkError
from methods.registry import load_registry

SECTIONS = [
    "At a glance",
    "Leaderboard",
    "Compare two methods",
    "Accuracy and cost",
    "Recall at k",
    "Robustness",
    "Growth with the gallery",
    "Training",
    "What the methods find",
    "Methods",
    "Tables",
    "Provenance",
]
LIMIT = 5_000_000
SAMPLE = Path(__file__).parents[4] / "docs" / "sample-report"


@pytest.fixture(scope="module")
def page(attacking_page):
    return attacking_page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(page):
    return Elements(page)


def test_every_section_is_there_in_order(elements):
    assert [text for tag, _, text in elements.texts if tag == "h2"] == SECTIONS


def test_the_page_is_light(page):
    assert len(page.encode()) < LIMIT


def test_names_that_are_markup_stand_there_as_text(page, elements):
    assert html.escape(ATTACK) in page
    assert ATTACK not in page
    assert SCRIPT not in page
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    assert "x" not in {attributes.get("src") for _, attributes in elements.tags}


def test_data_for_plots_is_json_that_cannot_end_its_script(elements):
    data = [text for tag, attributes, text in elements.texts if attributes.get("type") == "application/json"]
    assert data
    for text in data:
        assert "<" not in text
        json.loads(text)


def test_the_policy_allows_the_page_s_own_scripts_and_styles_alone(elements):
    (policy,) = [a["content"] for tag, a in elements.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        texts = [text for name, attributes, text in elements.texts if name == tag and "type" not in attributes]
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert rules[rule] == [f"'sha256-{hash}'" for hash in hashes]
    assert rules["default-src"] == ["'none'"]
    assert rules["img-src"] == ["'self'", "data:"]


def test_nothing_is_named_twice_and_every_name_is_known(elements):
    ids = elements.ids()
    assert len(ids) == len(set(ids))
    for _, attributes in elements.tags:
        for name in ("aria-labelledby", "aria-describedby", "data-spec", "data-plot"):
            assert attributes.get(name, ids[0]) in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_every_address_is_in_the_page_or_beside_it(elements):
    for _, attributes in elements.tags:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "thumbnails/"))


def test_every_figure_has_a_table_and_a_command(page):
    assert page.count('role="img"') == page.count("The same as a table") > 0
    assert "python -m benchmarks run -m random -m constant" in page
    assert "python -m benchmarks scaling -m" in page


def test_a_table_says_in_html_what_it_says_elsewhere():
    rows = [
        {"method": "a", "shown_method": f"a {ATTACK}", "hit@1": 0.75, "hit@1_interval": (0.7, 0.8)},
        {"method": "b", "shown_method": "b", "hit@1": 0.74},
        {"method": "c", "shown_method": "c", "hit@1": None, "word": "timeout", "word_in": ("hit@1",)},
    ]
    columns = (Column("method", "shown_method", is_text=True), Column("hit@1", "hit@1", fraction))
    table = Table("t", columns, rows, [f"**All** {ATTACK}"], {"hit@1": "a"}, {"hit@1": {"b"}})
    text = render("tables.html", pages=[SimpleNamespace(tables=[table], name="n")])
    assert '<b>0.750</b><span class="sr"> (best)</span> <span class="interval">[0.700, 0.800]</span>' in text
    assert '0.740<span class="sr"> (tied with the best)</span>' in text
    assert '<td class="number">timeout</td>' in text
    assert f"<b>All</b> {html.escape(ATTACK)}" in text
    assert ATTACK not in text


def test_a_plot_s_data_is_escaped_and_has_no_nan():
    figure = Figure("f", ATTACK, ATTACK, _chart(SCRIPT), Table(ATTACK, (), []), ATTACK)
    text = figures_html([Panel(ATTACK, [figure])], "n")
    assert ATTACK not in text
    assert SCRIPT not in text
    with pytest.raises(ValueError, match="JSON"):
        figures_html([Panel("p", [Figure("f", "", "", _chart(float("nan")), Table("", (), []), "")])], "n")


def _chart(value):
    return alt.Chart(alt.Data(values=[{"a": value}])).mark_point()


def test_every_family_is_shown_in_its_colour():
    """Also those of two words, wherever a family is marked: in the leaderboard, its bars, the methods' headings."""
    sample = (SAMPLE / "index.html").read_text(encoding="utf-8")
    marked = set(re.findall(r'class="(?:family )?(family-[^" ]+)"', sample)) - {"family-title"}
    classes = {family_class(family): place for place, family in enumerate(SHAPES, 1)}
    assert marked == {family_class(family) for family in SHAPES} - {family_class("face embedding")}  # it has no faces
    for name, place in classes.items():
        assert f".{name} {{ background: var(--family-{place});" in source("report.css")


def test_nothing_stored_is_no_section_and_no_page(tmp_path):
    for make in (overview, trade_offs, recall_curves, dimension_curve, heat_map, method_pages, tables_section, origins):
        assert make([]) == []
    assert leaderboard([], []) == []
    assert growth(tmp_path) == []
    assert trainings(Store(tmp_path), []) == []
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path / "new")])
    assert isinstance(done.exception, BenchmarkError) and "run --all" in str(done.exception)
    assert not (tmp_path / "new").exists()


def pages_of(stored, device=""):
    return make_pages(stored.store, load_registry(), device)


def test_both_devices_have_a_row_and_none_has_two(tmp_path):
    stored = HandMade(tmp_path)
    stored.add("mobilenetv2", 5)
    stored.add("mobilenetv2", 5, device="gpu")
    stored.add("efficientnet-lite0", 6, device="gpu")
    (section,) = leaderboard(pages_of(stored), pages_of(stored, "gpu"))
    rows = [a for tag, a in Elements(section.html).tags if tag == "tr" and "data-device" in a]
    found = {(row["data-method"], row["data-device"]) for row in rows}
    assert found == {("mobilenetv2", "cpu"), ("mobilenetv2", "gpu"), ("efficientnet-lite0", "gpu")}
    assert len(rows) == 3


def test_an_untrained_network_has_a_row_without_a_score(tmp_path):
    stored = HandMade(tmp_path)
    stored.add("pixels", 5)
    stored.add("resnet50", 0, trained=False)
    (section,) = leaderboard(pages_of(stored), [])
    weights = {a["data-method"]: a["data-weights"] for tag, a in Elements(section.html).tags if "data-weights" in a}
    assert weights == {"pixels": "trained", "resnet50": "untrained"}
    assert '<span class="word">untrained</span>' in section.html
    assert section.html.index("pixels") < section.html.index("resnet50")


def test_the_front_is_named_in_words_and_in_the_table(tmp_path):
    stored = HandMade(tmp_path)
    slow = {"p50_ms": 9.0, "p95_ms": 9.0, "p99_ms": 9.0, "mean_ms": 9.0, "samples": 5}
    stored.add("pixels", 4)
    stored.add("hog", 8, latency=slow)
    stored.add("phash", 2, latency=slow)
    (section,) = trade_offs(pages_of(stored))
    assert "no method beats in both: pixels, hog." in section.html
    assert section.html.count("<td>yes</td>") == 2 + 1  # by memory, which is the same for all, hog alone is in front
    assert section.html.count("<td>no</td>") == 1 + 2


@pytest.mark.parametrize("trained", [True, False])
def test_the_dimension_curve_has_accuracy_where_there_are_weights(tmp_path, trained):
    stored = HandMade(tmp_path)
    for method, right in (("resnet50", 8), ("resnet50-128-pca", 6), ("resnet50-balltree", 8), ("pixels", 1)):
        stored.add(method, right, trained=trained or method == "pixels")
    (section,) = dimension_curve(pages_of(stored))
    assert ("hit@1 of ResNet50" in section.html) == trained
    assert ("weights are not here" in section.html) != trained
    assert "-m resnet50 -m resnet50-128-pca -d" in section.html
    assert "balltree" not in section.html


def test_a_method_s_part_says_where_it_comes_from_and_where_time_goes(tmp_path):
    stored = HandMade(tmp_path)
    stored.add("efficientnet-lite0", 5, weights={"origin": f"a file {ATTACK}", "sha256": "ab12"})
    stored.add("resnet50", 0, trained=False)
    (section,) = method_pages(pages_of(stored))
    for expected in ("Tan &amp; Le 2019", "224×224, RGB, (x - 127) / 128", "sha256", "ab12", "encode 1.5 ms (75%)"):
        assert expected in section.html
    assert html.escape(f"a file {ATTACK}") in section.html
    assert "fetch resnet50" in section.html


def test_a_broken_canary_is_said_first_and_the_page_is_still_written(tmp_path):
    stored = HandMade(tmp_path)
    stored.add("pixels", 5)
    stored.add("oracle", 3)
    done = CliRunner().invoke(app, ["report", "--out", str(tmp_path)])
    assert "canary" in str(done.exception)
    text = (tmp_path / "report" / "index.html").read_text()
    assert text.index("Trust no figure of this page") < text.index('id="leaderboard"')
    assert "oracle has hit@1 0.3" in text


def test_shades_run_from_nothing_to_all():
    assert [shade(value) for value in (0, 0.04, 0.5, 0.96, 1)] == [0, 0, 5, 10, 10]


def test_the_leaderboard_names_the_fronts_a_method_stands_on(tmp_path):
    stored = HandMade(tmp_path)
    slow = {"p50_ms": 9.0, "p95_ms": 9.0, "p99_ms": 9.0, "mean_ms": 9.0, "samples": 5}
    stored.add("pixels", 4)
    stored.add("hog", 8, latency=slow)
    stored.add("phash", 2, latency=slow)
    (page,) = [page for page in pages_of(stored) if page.retrieval]
    assert on_fronts(page.retrieval.rows) == {"pixels": "latency", "hog": "latency, memory"}
    (section,) = leaderboard([page], [])
    assert section.html.count('<td data-value="latency, memory">latency, memory</td>') == 1


def test_two_methods_are_compared_by_the_paired_difference(tmp_path):
    stored = HandMade(tmp_path)
    stored.add("pixels", 4)
    stored.add("hog", 8)
    stored.add("oracle", 10)
    stored.add("resnet50", 0, trained=False)
    pages = pages_of(stored)
    (section,) = compare(pages)
    ((_, _, text),) = [each for each in Elements(section.html).texts if each[1].get("id") == "compare-data"]
    (group,) = json.loads(text).values()
    assert group["methods"] == ["hog", "pixels", "resnet50", "oracle"]
    scores = next(page.retrieval.scores for page in pages if page.retrieval)
    expected = paired_difference(scores["hog"].values["hit@1"], scores["pixels"].values["hit@1"])
    mean, low, high = group["differences"][0][0]
    assert (mean, low, high) == pytest.approx((expected.mean, *expected.interval), abs=1e-4)
    assert group["differences"][0][1] is None  # the untrained network has no accuracy
    hits = next(row for row in group["rows"] if row["key"] == "hit@1")
    assert hits["cells"][2] == [None, "untrained"]


def test_the_sample_report_is_what_the_code_writes_today():
    sample = Elements((SAMPLE / "index.html").read_text(encoding="utf-8"))
    scripts = [text for tag, attributes, text in sample.texts if tag == "script" and "type" not in attributes]
    styles = [text for tag, _, text in sample.texts if tag == "style"]
    remedy = "stale: make sample-report"
    assert scripts == page_scripts(with_plots=True), remedy
    assert styles == [page_style([source("galleries.css")])], remedy
    titles = [text for tag, _, text in sample.texts if tag == "h2"]
    assert titles == [title for title in SECTIONS if title != "Growth with the gallery"], remedy
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    assert size < 1.5 * 2**20


def test_the_sample_report_shows_synthetic_images_and_no_place_of_a_machine():
    text = (SAMPLE / "index.html").read_text(encoding="utf-8")
    wheres = {attributes["data-dataset"] for _, attributes in Elements(text).tags if "data-dataset" in attributes}
    assert wheres
    assert all("(synthetic)" in where for where in wheres)
    assert not re.search(r"/(home|tmp|root|work)/", text)
