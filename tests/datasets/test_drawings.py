"""Drawings kept on disk: the same bytes as drawn afresh, drawn once, and again where a file is damaged."""

import os

import pytest

from datasets import notes
from datasets.errors import ImageError
from datasets.registry import open_dataset
from datasets.synthetic import DRAWINGS, STAND_INS, stand_in, stand_ins
from datasets.synthetic.stand_ins import SyntheticCifar10

ID = "train/00017"


@pytest.fixture
def drawn(monkeypatch):
    """Ids drawn so far."""
    ids = []
    draw = SyntheticCifar10.draw
    monkeypatch.setattr(SyntheticCifar10, "draw", lambda self, id: (ids.append(id), draw(self, id))[1])
    return ids


@pytest.mark.parametrize("name", STAND_INS)
def test_kept_images_are_those_drawn_afresh(name, tmp_path):
    ids = [item.id for item in stand_in(name).items()[::60]]
    fresh = [stand_in(name).read(id) for id in ids]
    for _ in range(2):
        kept = open_dataset(name, None, tmp_path)
        assert [kept.read(id) for id in ids] == fresh


def test_an_image_is_drawn_once(drawn, tmp_path):
    for _ in range(3):
        stand_in("cifar10", tmp_path).read(ID)
    assert drawn == [ID]


def test_one_folder_for_all_results_goes_before_that_of_each(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv(DRAWINGS, str(tmp_path / "all"))
    right = [stand_in("cifar10", tmp_path / name).read(ID) for name in ("one", "other")]
    assert drawn == [ID] and right[0] == right[1]
    assert [path.name for path in tmp_path.iterdir()] == ["all"]
    monkeypatch.setenv(DRAWINGS, "")
    assert stand_in("cifar10").read(ID) == right[0] and drawn == [ID, ID]


def test_without_a_folder_every_read_draws(drawn):
    stand_in("cifar10").read(ID)
    stand_in("cifar10").read(ID)
    assert drawn == [ID, ID]


def test_other_code_draws_anew(drawn, tmp_path, monkeypatch):
    stand_in("cifar10", tmp_path).read(ID)
    monkeypatch.setattr(stand_ins, "_generator_version", lambda: "synthetic-other")
    stand_in("cifar10", tmp_path).read(ID)
    assert drawn == [ID, ID]


@pytest.mark.parametrize("damage", [b"", b"no zlib", None], ids=["empty", "foreign", "cut short"])
def test_a_damaged_drawing_is_named_and_made_again(drawn, tmp_path, damage, caplog):
    data = stand_in("cifar10", tmp_path).read(ID)
    (path,) = tmp_path.glob("*/*.zlib")
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)
    for _ in range(2):
        assert stand_in("cifar10", tmp_path).read(ID) == data
    assert drawn == [ID, ID] and f"{path} (" in caplog.text


def test_an_unknown_id_is_said(tmp_path):
    with pytest.raises(ImageError, match="no such image"):
        stand_in("cifar10", tmp_path).read("train/nothing")


def test_a_folder_that_cannot_be_written_costs_time_alone(drawn, tmp_path):
    (tmp_path / "file").write_text("")
    read = [stand_in("cifar10", tmp_path / "file").read(ID) for _ in range(2)]
    assert read == [stand_in("cifar10").read(ID)] * 2 and len(drawn) == 3


@pytest.mark.parametrize(
    "instead", [os.mkfifo, lambda path: path.symlink_to("nowhere")], ids=["pipe", "link to nowhere"]
)
def test_what_is_no_file_in_the_place_of_a_drawing_is_named_and_drawn_again(
    drawn, tmp_path, instead, caplog, monkeypatch
):
    monkeypatch.setattr(notes, "_noted", set())
    right = stand_in("cifar10", tmp_path).read(ID)
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    path.unlink()
    instead(path)
    assert stand_in("cifar10", tmp_path).read(ID) == right
    assert f"stored file damaged: {path} (" in caplog.text
