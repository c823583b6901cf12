"""Names that differ never share a file, and plain ones keep theirs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.core.cells import Cell
from benchmarks.system.names import file_stem

TWINS = [
    ("猫", "犬"),
    ("mean colour", "mean/colour"),
    ("mean colour", "mean_colour"),
    ("folder:/home/me/photos", "folder:/home/you/photos"),
    (".hidden", "hidden"),
    ("..", "."),
    ("x" * 300, "x" * 301),
    (unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")),
    ("a\udc80", "a\udc81"),
]


@pytest.mark.parametrize("one, other", TWINS)
def test_names_that_differ_have_stems_that_differ(one, other):
    assert file_stem(one) != file_stem(other)
    paths = {Cell(dataset, "smoke", "retrieval", method).path for dataset in (one, other) for method in (one, other)}
    assert len(paths) == 4


@pytest.mark.parametrize("name", ["con", "NUL", "aux.txt", "Com1", "lpt9.tar.gz"])
def test_names_of_devices_are_no_stems(name):
    assert file_stem(name).startswith(name.replace(".", "_") + "-")


@pytest.mark.parametrize("name", ["phash", "mtcnn-facenet-128", "s3-1508", "lfw", "imdb-wiki", "ResNet50_v2+pca"])
def test_a_plain_name_is_its_own_stem(name):
    assert file_stem(name) == name


def test_a_stem_can_be_read():
    assert file_stem("mean colour").startswith("mean_colour-")
    assert file_stem("folder:/home/me/Holiday photos").startswith("Holiday_photos-")


@given(st.text(st.characters(), min_size=0, max_size=400))
def test_every_stem_is_a_safe_file_name_and_no_stem_of_another(name):
    stem = file_stem(name)
    assert stem.isascii()
    assert "/" not in stem
    assert not stem.startswith(".")
    assert 0 < len(stem) <= 80
    assert stem == name or file_stem(stem) != stem, "else the name that is this stem would share its file"


def test_rows_under_names_of_an_earlier_version_are_not_shown_twice(bench):
    bench.run("mean-colour")
    ((cell, _),) = bench.store.rows()
    folder = bench.store.folder(cell)
    older = folder.parents[2].with_name("folder_photos") / "smoke" / "retrieval" / folder.name
    older.parent.mkdir(parents=True)
    (older).mkdir()
    (older / "cell.json").write_bytes((folder / "cell.json").read_bytes())
    assert [found for found, _ in bench.store.rows()] == [cell]
