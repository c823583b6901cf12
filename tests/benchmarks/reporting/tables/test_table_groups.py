"""Pages are named by what was asked: nothing overwrites anything, no key or heading is there twice."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from report_support import HandMade

from benchmarks.core.cells import Cell
from benchmarks.core.ground_truth import read_ground_truth
from benchmarks.reporting.publishing.write import write_tables
from benchmarks.reporting.tables.groups import make_groups
from methods.registry import load_registry


def filled(root, *asked):
    """Cells of three methods for each (data set, subset) that is asked for, all of them over the same images."""
    cells = HandMade(root)
    for dataset, subset in asked:
        cells.dataset, cells.subset = dataset, subset
        for method in ("phash", "hog", "pixels"):
            cells.add(method, right=5)
    return cells.store


def headings(path):
    return [line for line in path.read_text().splitlines() if line.startswith("#")]


def test_two_subsets_of_the_same_images_keep_a_page_each(tmp_path):
    store = filled(tmp_path, ("lfw", "first-250"), ("lfw", "standard"), ("lfw", "smoke"))
    write_tables(store, load_registry(), tmp_path)
    for subset in ("first-250", "standard", "smoke"):
        assert headings(tmp_path / f"lfw-{subset}-retrieval.md")[0].startswith(f"# lfw:{subset}, retrieval")
    with (tmp_path / "overview.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = Counter((row["dataset"], row["subset"], row["task"], row["method"]) for row in rows)
    assert len(rows) == 9 and max(keys.values()) == 1
    shown = headings(tmp_path / "overview.md")
    assert len(set(shown)) == len(shown)
    assert [line for line in shown if "subsets" in line] == [
        f"## Retrieval, {subset} subsets" for subset in ("standard", "first-250", "smoke")
    ]
    tables = [line for line in shown if line.startswith("## lfw")]
    assert [line.partition(",")[0] for line in tables] == ["## lfw:standard", "## lfw:first-250", "## lfw:smoke"]
    assert not any(line.count("lfw hit@1") > 1 for line in (tmp_path / "overview.md").read_text().splitlines())


@pytest.mark.parametrize(
    "folders",
    [("folder:/a/photos", "folder:/b/photos"), ("folder:/a/my photos", "folder:/a-my/photos", "folder:/a/my-photos")],
)
def test_folders_of_one_name_keep_a_page_each(tmp_path, folders):
    cells = HandMade(tmp_path)
    for number, dataset in enumerate(folders):
        cells.dataset = dataset
        cells.hash = cells.manifest([("g0", "a"), ("g1", "b")], [("q0", "a")], "folder:photos", hash=f"m{number}")
        row = {"jobs": 1, "wall_s": 1.0, "inputs": {"manifest": cells.hash, "threads": 2, "protocol": 1, "seed": 7}}
        cells.cell(Cell(dataset, "standard", "retrieval", "phash"), cells.hash, ids=[[0, 1]], **row)
    groups = make_groups(cells.store, load_registry())
    assert len({group.name for group in groups}) == len({group.heading for group in groups}) == len(folders)
    assert all("/" not in group.name for group in groups)


def test_files_keep_their_names_whatever_a_title_adds(tmp_path):
    cells = HandMade(tmp_path)
    for title, name in (("lfw (8,329 of 13,233 images)", "lfw-standard-x"), ("folder:a (b)", "folder-a-b-standard-x")):
        hash = cells.manifest([("g", "a")], [("q", "a")], title, hash=name)
        assert read_ground_truth(cells.store.manifest_path(hash)).page("x") == name


def test_the_published_overview_has_no_key_and_no_heading_twice():
    reference = Path(__file__).parents[4] / "results" / "reference"
    with (reference / "overview.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = Counter((row["dataset"], row["subset"], row["task"], row["method"]) for row in rows)
    assert max(keys.values()) == 1
    assert rows[0]["subset"] == "standard"
    shown = headings(reference / "overview.md")
    assert len(set(shown)) == len(shown)


def test_rows_that_another_version_of_the_data_made_are_left_out_counted_and_said(tmp_path):
    cells = HandMade(tmp_path)
    cells.add("phash", right=5, started="2025")
    gallery = [(f"g{n}", f"label{n // 2}") for n in range(20)]
    cells.hash = cells.manifest(gallery, [(f"another{n}", f"label{n}") for n in range(10)], hash="newer")
    cells.add("hog", right=9, started="2026")
    (group,) = make_groups(cells.store, load_registry())
    assert ([cell.method for cell, _, _ in group.entries], group.left_out) == (["hog"], 1)
    write_tables(cells.store, load_registry(), tmp_path / "out")
    assert "1 stored row is about other images" in (tmp_path / "out" / "lfw-standard-retrieval.md").read_text()
    with (tmp_path / "out" / "overview.csv").open(newline="") as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["hog"]
