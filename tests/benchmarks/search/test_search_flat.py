"""Galleries in which there is nothing to tell apart say so, in every answer and whenever they are opened."""

import shutil

import pytest
from PIL import Image
from search_support import fill, opened, query

from benchmarks.duplicates.finding import find_copies
from benchmarks.search.searcher import Places

FLAT = "nothing to tell apart: 4 images show one flat colour, and there is no other"


@pytest.fixture
def flat(tmp_path):
    root = tmp_path / "flat"
    root.mkdir()
    for number in range(4):
        Image.new("RGB", (64, 48), (number * 60, 90, 200 - number * 40)).save(root / f"{number}.png")
    return root


def notes(root, method, index):
    return opened(root, index, method).search(query(1)).notes


@pytest.mark.parametrize("method", ["phash", "pixels", "sift-ransac"])
def test_a_folder_of_flat_pictures_is_said_each_time(flat, method, tmp_path):
    for _ in range(2):  # the second reads what was stored
        assert FLAT in notes(flat, method, tmp_path / "index")


def test_one_picture_that_shows_something_ends_it(flat, tmp_path):
    fill(flat / "more", 1)
    assert not [note for note in notes(flat, "pixels", tmp_path / "index") if "tell apart" in note]
    shutil.rmtree(flat / "more")
    assert FLAT in notes(flat, "pixels", tmp_path / "index")


def test_duplicates_by_a_method_say_it_too(flat, tmp_path):
    assert FLAT in find_copies(flat, "phash", Places(tmp_path / "index")).notes


def test_rows_that_are_all_equal_are_said(tmp_path):
    root = fill(tmp_path / "photos", 1)
    picture = Image.open(root / "000.png")
    picture.save(root / "again.bmp")
    assert "phash cannot tell these 2 images apart: their rows are equal" in notes(root, "phash", tmp_path / "index")
    fill(root, 3)
    assert not [note for note in notes(root, "phash", tmp_path / "index") if "their rows are equal" in note]
