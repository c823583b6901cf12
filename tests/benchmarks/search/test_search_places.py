"""What a search reads and where it writes: never into the working folder; tables of one's own before published ones."""

import json

import pytest
from search_support import cli, fill

from benchmarks.search.choice import PUBLISHED, default_method, overviews
from benchmarks.search.dataset_gallery import DatasetGallery
from benchmarks.search.folder_gallery import FolderGallery
from methods.registry import load_registry

HEADER = "dataset,subset,task,method,hit@1"


@pytest.mark.parametrize("place", ["cache", "variable", "option"])
def test_a_search_leaves_nothing_in_the_working_folder(tmp_path, place):
    work = tmp_path / "work"
    fill(work / "photos", 3)
    settings = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "RIS_INDEX": ""}
    if place == "variable":
        settings["RIS_INDEX"] = str(tmp_path / "variable")
    option = ["--index-dir", tmp_path / "option"] if place == "option" else []
    command = ["search", "photos/001.png", "-g", "photos", "-m", "phash", "--json", *option]
    done = cli(*command, cwd=work, **settings)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)
    assert [path.name for path in work.iterdir()] == ["photos"]
    index = tmp_path / place
    assert list((index / "reverse-image-search-benchmark" / "search" if place == "cache" else index).rglob("*.sqlite"))


def test_where_the_cache_folder_cannot_be_written_a_search_says_so_and_goes_on(tmp_path):
    """A file in the folder's place holds up root, too."""
    cache, passing = tmp_path / "cache", tmp_path / "passing"
    cache.write_text("no folder")
    passing.mkdir()
    fill(tmp_path / "photos", 3)
    command = ["search", "photos/001.png", "-g", "photos", "-m", "phash", "--json"]
    done = cli(*command, cwd=tmp_path, XDG_CACHE_HOME=str(cache), RIS_INDEX="", TMPDIR=str(passing))
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)
    (line,) = done.stderr.decode().splitlines()
    assert "cannot be kept in" in line and "(Not a directory)" in line and "--index-dir" in line
    assert not list(passing.iterdir())


def test_tables_of_ones_own_come_before_the_published_ones(tmp_path):
    assert overviews(tmp_path) == [PUBLISHED / "overview.csv"]
    (tmp_path / "overview.csv").write_text(HEADER)
    assert overviews(tmp_path) == [tmp_path / "overview.csv", PUBLISHED / "overview.csv"]


@pytest.mark.parametrize(
    ("own", "published", "chosen"),
    [
        ("lfw (synthetic),smoke,retrieval,dhash,0.9", "lfw (synthetic),smoke,retrieval,whash,0.9", "dhash"),
        ("lfw (synthetic),standard,retrieval,dhash,0.9", "lfw (synthetic),smoke,retrieval,whash,0.9", "whash"),
        ("lfw,smoke,retrieval,dhash,0.9", "lfw (8 of 9 images),smoke,retrieval,whash,0.9", None),
    ],
)
def test_a_gallery_that_ones_own_tables_do_not_know_is_looked_up_in_the_published_ones(
    tmp_path, monkeypatch, own, published, chosen
):
    monkeypatch.setattr("benchmarks.search.choice.PUBLISHED", tmp_path / "published")
    for folder, row in ((tmp_path / "own", own), (tmp_path / "published", published)):
        folder.mkdir()
        (folder / "overview.csv").write_text(f"{HEADER}\n{row}\n")
    gallery = DatasetGallery("lfw:smoke", None, tmp_path / "index")
    found = default_method(gallery, load_registry(), tmp_path / "own", None)
    assert found == chosen if chosen else found not in ("dhash", "whash")


def test_a_folder_is_searched_for_copies_where_that_runs(tmp_path, monkeypatch):
    gallery = FolderGallery(fill(tmp_path / "photos", 4), tmp_path / "index")
    gallery.update()
    runs = {"sscd-distilled": "yes", "efficientnet-lite0": "yes"}
    monkeypatch.setattr("benchmarks.search.choice.can_run", lambda spec, weights: (runs.get(spec.id, "no"), ""))
    assert default_method(gallery, load_registry(), tmp_path, None) == "sscd-distilled"
    del runs["sscd-distilled"]
    assert default_method(gallery, load_registry(), tmp_path, None) == "efficientnet-lite0"
    runs["sscd-distilled"] = "yes"
    monkeypatch.setattr("benchmarks.search.choice.PUBLISHED", tmp_path / "none")
    data = DatasetGallery("cifar10:smoke", None, tmp_path / "index")
    assert default_method(data, load_registry(), tmp_path, None) == "efficientnet-lite0"


def test_the_origin_in_a_title_does_not_hide_a_data_set_from_its_tables(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.search.choice.PUBLISHED", tmp_path)
    (tmp_path / "overview.csv").write_text(f"{HEADER}\nlfw (8 of 9 images),smoke,retrieval,whash,0.9\n")
    gallery = DatasetGallery("lfw:smoke", None, tmp_path / "index")
    gallery.title = "lfw (official):smoke"
    assert default_method(gallery, load_registry(), tmp_path / "none", None) == "whash"
