"""Every table, CSV, claim and page says where its images come from; file names stay as they are."""

import csv
from dataclasses import asdict

import pytest
from report_support import HandMade

from benchmarks.reporting.claims.accuracy import Quality
from benchmarks.reporting.claims.claims_data import IMDB_WIKI
from benchmarks.reporting.claims.evidence import Evidence
from benchmarks.reporting.html.write import write_report
from benchmarks.reporting.publishing.readme import readme_table
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.reporting.tables.pages import make_pages
from datasets.origin_note import UNSTATED, DataOrigin
from methods.registry import load_registry

STAND_IN = DataOrigin(False, "stand-in: 12 <b> & co", "682 photos", "not the data set's images")


@pytest.fixture
def cells(tmp_path):
    filled = HandMade(tmp_path / "out", "imdb-wiki")
    told(filled, STAND_IN)
    for method in ("phash", "hog"):
        filled.add(method, right=5)
    return filled


def told(cells, origin):
    """The manifest says that its images are of `origin`, or nothing at all where that is None."""
    gallery = [(f"g{n}", f"label{n // 2}") for n in range(20)]
    queries = [(f"q{n}", f"label{n}") for n in range(10)]
    cells.manifest(gallery, queries, "imdb-wiki", hash=cells.hash, origin=origin)


def test_titles_notes_and_columns_say_it(cells, tmp_path):
    write_tables(cells.store, load_registry(), tmp_path)
    page = (tmp_path / "imdb-wiki-standard-retrieval.md").read_text()
    assert page.startswith("# imdb-wiki (stand-in: 12 &lt;b> & co):standard, retrieval: accuracy")
    assert "Origin of the images: 682 photos; differences: not the data set's images." in page
    for name in ("imdb-wiki-standard-classification.md", "imdb-wiki-standard-memory.md", "overview.md"):
        assert "imdb-wiki (stand-in: 12 &lt;b> & co)" in (tmp_path / name).read_text()
    assert r"(stand-in: 12 \textless{}b\textgreater{} \& co)" in (tmp_path / "overview.tex").read_text()
    for name in ("imdb-wiki-standard-retrieval.csv", "overview.csv"):
        with (tmp_path / name).open(newline="") as file:
            assert {row["origin"] for row in csv.DictReader(file)} == {STAND_IN.title}
    table = readme_table(tmp_path / "overview.csv", "standard")
    assert "imdb-wiki* hit@1" in [column.title for column in table.columns]  # starred, and the star told below
    assert any(r"\* imdb-wiki (stand-in: 12 <b> & co)." in note for note in table.notes)


def test_a_claim_cites_a_cell_with_its_origin(cells):
    figure = Quality("phash", IMDB_WIKI).read(Evidence(cells.store))
    assert figure.cells == ("imdb-wiki (stand-in: 12 <b> & co):standard/retrieval/phash",)


def test_the_report_says_it_escaped(cells, tmp_path):
    registry = load_registry()
    text = write_report(cells.store, registry, make_pages(cells.store, registry), tmp_path).read_text()
    assert "stand-in: 12 &lt;b&gt; &amp; co" in text
    assert "stand-in: 12 <b>" not in text


def test_a_changed_note_is_shown_and_makes_nothing_stale(cells):
    (before,) = make_groups(cells.store, load_registry())
    told(cells, DataOrigin(False, "another"))
    (after,) = make_groups(cells.store, load_registry())
    assert (before.where, after.where) == (
        "imdb-wiki (stand-in: 12 <b> & co):standard",
        "imdb-wiki (another):standard",
    )
    assert before.manifest == after.manifest
    assert len(before.entries) == len(after.entries) == 2


def test_a_store_from_before_there_were_notes_is_unstated(cells, tmp_path):
    cells.store.manifest_path(cells.hash).unlink()
    told(cells, None)
    (group,) = make_groups(cells.store, load_registry())
    assert asdict(group.truth.origin) == asdict(UNSTATED)
    assert group.where == "imdb-wiki (origin unstated):standard"
