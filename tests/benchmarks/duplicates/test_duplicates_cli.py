"""`duplicates` as a person uses it: tables, files, the page to review on, and a line that says what is wrong."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from browser import chromium, visit
from copies_support import photo, save
from typer.testing import CliRunner

from benchmarks.cli.app import app
from datasets.errors import BenchmarkError

FORMULA, MARKUP, TWO_LINES = "=2+5.png", "<img src=x onerror=alert(1)>.png", "two\nlines.png"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two groups of copies with hostile names, and strangers."""
    place = tmp_path_factory.mktemp("place")
    root = place / "photos"
    for seed in range(8):
        save(root / f"p{seed}.png", photo(seed))
    small = cv2.resize(photo(0), (160, 120), interpolation=cv2.INTER_AREA)
    for name in (FORMULA, TWO_LINES):
        save(root / name, small)
    save(root / MARKUP, np.ascontiguousarray(photo(1)[:, ::-1]))
    shutil.copy(root / "p1.png", root / "p1 again.png")
    pairs = "one,other,copy\np0.png,=2+5.png,1\np1.png,p1 again.png,1\np2.png,p3.png,0\np4.png,p5.png,1\n"
    (place / "pairs.csv").write_text(pairs)
    return place


def run(place, *arguments):
    command = ["duplicates", str(place / "photos"), "--index-dir", str(place / "index"), *map(str, arguments)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def written(place):
    """The command's JSON, with the CSV and the page beside it."""
    done = run(place, "--json", "--csv", place / "groups.csv", "--html", place / "review.html")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_groups_as_data(written):
    by_best = {group[0]["path"]: {row["path"]: row for row in group} for group in written["groups"]}
    assert set(by_best) == {"p0.png", "p1.png"}
    assert set(by_best["p0.png"]) == {"p0.png", FORMULA, r"two\x0alines.png"}
    assert [row["suggested"] for row in by_best["p0.png"].values()] == ["keep", "copy", "copy"]
    assert by_best["p1.png"]["p1 again.png"]["same_file"]
    assert (written["pictures"], written["method"]) == (12, "copies")
    assert "about 0.10% of the most alike pairs" in written["basis"]


def test_the_csv_holds_no_formula(place, written):
    with (place / "groups.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert f"'{FORMULA}" in [row["path"] for row in rows]
    assert {row["group"] for row in rows} == {"1", "2"}


def test_a_person_reads_a_table(place, written):
    done = run(place)
    assert done.exit_code == 0
    assert "2 groups of copies among 12 pictures: 4 pictures beyond the one to keep" in done.stdout
    assert "nothing was changed or deleted" in done.stdout
    assert r"two\x0alines.png" in done.stdout


def test_known_pairs_judge_it(place, written):
    document = json.loads(run(place, "--json", "--evaluate", place / "pairs.csv").stdout)
    groups = document["evaluation"]["groups"]
    assert (groups["precision"], groups["recall"], groups["false_merges"]) == (1, pytest.approx(2 / 3), 0)
    table = run(place, "--evaluate", place / "pairs.csv").stdout
    assert "(used)" in table
    assert "in groups" in table


def test_the_page_is_reviewed_by_keyboard_and_exports_what_was_marked(place, written):
    with (
        chromium() as browser,
        visit(browser, place / "review.html", viewport={"width": 390, "height": 844}, accept_downloads=True) as seen,
    ):
        page = seen.page
        assert page.locator(".group").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than a phone"
        page.keyboard.press("j")
        page.keyboard.press("a")
        assert page.locator("#count").inner_text() == "1 picture marked", "a name of two lines cannot be listed"
        page.keyboard.press("j")
        page.keyboard.press("2")
        marked = page.locator("input:checked").evaluate_all("boxes => boxes.map((box) => box.dataset.path)")
        with page.expect_download() as download:
            page.keyboard.press("e")
        listed = (place / "marked.txt", download.value.save_as(place / "marked.txt"))[0].read_text()
        assert listed.splitlines() == [f"./{path}" for path in marked]
        assert len(marked) == 2
        page.reload()
        assert page.locator("#count").inner_text() == "2 pictures marked", "marks are kept"
        page.keyboard.press("j")
        page.keyboard.press("n")
        assert page.locator("#count").inner_text() == "1 picture marked"
        assert seen.complaints == []
        assert all(url.startswith(("file:", "data:", "blob:")) for url in seen.requests)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--false-merge-rate", "0.5"), "choose one from 0.0001 to 0.01"),
        (("--false-merge-rate", "nan"), "give a finite number"),
        (("--threshold", "inf"), "give a finite number"),
        (("--csv", "photos.jpg"), "ends in .csv"),
        (("--html", "photos.png"), "ends in .html"),
        (("--evaluate", "none.csv"), "there is no such file"),
        (("-m", "oracle2"), "unknown method"),
        (("-m", "sift"), "keeps no rows to compare"),
    ],
)
def test_what_cannot_be_done_is_one_line(place, written, arguments, says):
    done = run(place, *arguments)
    assert isinstance(done.exception, BenchmarkError), done.output
    assert says in str(done.exception)
    assert "\n" not in str(done.exception)


def test_what_was_written_is_said(place, monkeypatch):
    monkeypatch.setattr("benchmarks.duplicates.written.SHOWN", 1)
    assert "1 more group: write all with --csv FILE" in run(place).stdout
    groups, page = place / "said.csv", place / "said.html"
    assert f"1 more group; all are written to {groups} and {page}" in run(place, "--csv", groups, "--html", page).stdout
    monkeypatch.setattr("benchmarks.duplicates.written.SHOWN", 40)
    assert f"  written to {groups}\n" in run(place, "--csv", groups).stdout
