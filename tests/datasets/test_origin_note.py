"""Where images come from is said of them, and files that are not the published ones are never called so."""

import hashlib
import os

import pytest
from pictures import make_cifar10, make_lfw, write_jpeg

import datasets.cifar10
import datasets.lfw
from datasets.cifar10 import BATCH_RECORDS, RECORD_BYTES, Cifar10
from datasets.folder import Folder
from datasets.lfw import Lfw
from datasets.manifest import Manifest, build_manifest
from datasets.origin_note import NOTE, read_note, write_note
from datasets.registry import open_dataset

OFFICIAL = 'official = true\ntitle = ""\nwhat = "as published"\n'


@pytest.fixture
def lfw(tmp_path):
    return make_lfw(tmp_path / "lfw", {"Ann_Lee": 3, "Bob_Ray": 8})


def note(root, text):
    (root / NOTE).write_text(text, encoding="utf-8")
    return root


def test_a_note_heads_tables(lfw):
    note(lfw, 'official = false\ntitle = "stand-in: two people"\nwhat = "drawn"\ndifferences = "all of it"\n')
    dataset = Lfw(lfw)
    assert dataset.heading == "lfw (stand-in: two people)"
    assert dataset.title == "lfw"  # files and stored rows keep their names
    assert dataset.origin.sentence == "drawn; differences: all of it"


def test_without_a_note_the_title_says_so(lfw):
    assert Lfw(lfw).heading == "lfw (origin unstated)"
    assert "no ORIGIN.toml" in Lfw(lfw).origin.sentence


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("official = perhaps", "cannot be read"),
        ("official = 'yes'", "must say official = true"),
        ("title = 'stand-in'", "must say official = true"),
        ("", "must say official = true"),
        ("\0\0", "cannot be read"),
        ("# " + "x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_broken_note_is_said_and_never_fatal(lfw, text, problem):
    dataset = Lfw(note(lfw, text))
    assert dataset.heading == "lfw (origin unstated)"
    assert problem in dataset.origin.problem
    assert build_manifest(dataset, "full").origin == dataset.origin


def test_a_note_that_is_no_text_or_no_file_is_said(lfw):
    (lfw / NOTE).write_bytes(b"official = true \xff\xfe")
    assert "cannot be read" in Lfw(lfw).origin.problem
    (lfw / NOTE).unlink()
    (lfw / NOTE).mkdir()
    assert "cannot be read" in Lfw(lfw).origin.problem


def test_a_text_of_another_type_leaves_the_rest_of_the_note(lfw):
    note(lfw, 'official = false\ntitle = 7\nwhat = "drawn"\n')
    origin = Lfw(lfw).origin
    assert (origin.title, origin.what) == ("not the official files", "drawn")
    assert "title must be text" in origin.problem


def test_titles_are_one_short_line(lfw):
    note(lfw, 'official = false\ntitle = """two\nlines \\u001b[31m""" \nwhat = "%s"\n' % ("x" * 900))
    fields, problem = read_note(lfw)
    assert (fields["title"], len(fields["what"]), problem) == ("two lines [31m", 500, "")


def test_pairs_of_another_checksum_are_never_called_official(lfw, monkeypatch):
    (lfw / "pairs.txt").write_text("1 1\n")
    dataset = Lfw(note(lfw, OFFICIAL))
    assert (dataset.heading, dataset.origin.official) == ("lfw (not the official files)", False)
    assert "pairs.txt is not the published file" in dataset.origin.problem
    digest = hashlib.sha256((lfw / "pairs.txt").read_bytes()).hexdigest()
    monkeypatch.setattr(datasets.lfw, "LFW_PAIRS_SHA256", digest)
    assert Lfw(lfw).origin.official is True


def test_a_part_of_the_official_images_is_counted_not_believed(lfw, monkeypatch):
    note(lfw, 'official = true\ntitle = "13,000 of 13,233 images"\n')
    assert Lfw(lfw).heading == "lfw (11 of 13,233 images)"
    monkeypatch.setattr(datasets.lfw, "OFFICIAL_IMAGES", 11)
    note(lfw, OFFICIAL)
    assert Lfw(lfw).heading == "lfw"
    monkeypatch.setattr(datasets.lfw, "OFFICIAL_IMAGES", 10)
    assert Lfw(lfw).heading == "lfw (not the official files)"


def whole_cifar10(root, monkeypatch):
    """Six batches of the published size, and their checksums taken for the published ones."""
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij"))
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    for name in names:
        (folder / name).write_bytes(bytes(BATCH_RECORDS * RECORD_BYTES))
    digest = hashlib.sha1((folder / names[0]).read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(datasets.cifar10, "CIFAR10_BATCHES_SHA1", dict.fromkeys(names, digest))
    return root


def test_checksums_decide_without_and_against_a_note(tmp_path, monkeypatch):
    root = whole_cifar10(tmp_path / "cifar10", monkeypatch)
    assert (Cifar10(root).heading, Cifar10(root).origin.official) == ("cifar10", True)
    note(root, 'official = false\ntitle = "altered"\n')
    assert Cifar10(root).heading == "cifar10"
    assert "published checksums" in Cifar10(root).origin.problem
    with (root / "cifar-10-batches-bin" / "data_batch_3.bin").open("r+b") as file:
        file.write(b"\1\1")
    note(root, OFFICIAL)
    assert Cifar10(root).heading == "cifar10 (not the official files)"
    assert "data_batch_3.bin" in Cifar10(root).origin.problem


def test_a_cut_batch_is_never_called_official(tmp_path):
    root = make_cifar10(tmp_path / "cifar10")
    assert Cifar10(note(root, OFFICIAL)).origin.official is False


def test_a_user_need_not_explain_his_own_images(tmp_path):
    for seed in range(3):
        write_jpeg(tmp_path / "mine" / "label" / f"{seed}.jpg", seed)
    assert Folder(tmp_path / "mine").heading == "folder:mine"
    note(tmp_path / "mine", 'official = false\ntitle = "CC0 sample"\n')
    assert Folder(tmp_path / "mine").heading == "folder:mine (CC0 sample)"


def test_synthetic_data_stays_synthetic():
    dataset = open_dataset("lfw", None)
    assert (dataset.heading, dataset.origin.title, dataset.origin.official) == ("lfw (synthetic)", "synthetic", False)


def test_a_manifest_carries_the_newest_origin_and_keeps_its_hash(lfw, tmp_path):
    before = build_manifest(Lfw(lfw), "full", tmp_path / "cache")
    note(lfw, 'official = false\ntitle = "drawn"\n')
    after = build_manifest(Lfw(lfw), "full", tmp_path / "cache")
    assert (before.heading, after.heading) == ("lfw (origin unstated)", "lfw (drawn)")
    assert before.hash == after.hash
    assert Manifest.from_json(after.to_json(), Lfw(lfw)).origin == after.origin


def test_a_written_note_is_read_again_and_replaces_none(tmp_path):
    write_note(tmp_path, 'lfw.tgz ("md5 \\ 68")')
    assert read_note(tmp_path) == (
        {"official": True, "title": "", "what": 'lfw.tgz ("md5 \\ 68")', "differences": ""},
        "",
    )
    write_note(tmp_path, "another")
    assert "lfw.tgz" in (tmp_path / NOTE).read_text()


def test_a_named_pipe_is_no_note_and_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NOTE)
    assert read_note(tmp_path) == ({}, f"{NOTE} cannot be read (is a named pipe, not a regular file)")
