"""No command replaces a file that it did not write, or writes into a folder that it only reads."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from search_support import cli

from benchmarks.cli.app import app
from benchmarks.core.store import Store, StoreError
from benchmarks.gate.forms import JSON, MARKDOWN
from benchmarks.system.files import write_json, write_text
from benchmarks.system.named_files import PAGE, PICTURE, Form, NamedFileError, picture_note, require_free
from datasets.errors import DataError

WRITERS = {
    "--sheet": ("search", "photos/0.png", "-g", "photos", "-m", "phash", "--sheet"),
    "--csv": ("duplicates", "photos", "--csv"),
    "--html": ("duplicates", "photos", "--html"),
    "--markdown": ("compare", "results", "results", "--markdown"),
    "--json": ("compare", "results", "results", "--json"),
    "--picture": ("explain", "phash", "0.png", "-d", "folder:photos", "--picture"),
    "--file": ("baseline", "update", "--reason", "x", "--file"),
    "--baseline": ("bench", "--instructions", "--update", "--baseline"),
}
SUFFIXES = {"--sheet": ".png", "--csv": ".csv", "--html": ".html", "--picture": ".png", "--baseline": ".json"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("named")
    (root / "photos").mkdir()
    rng = np.random.default_rng(3)
    for number in range(4):
        picture = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((48, 48))
        picture.save(root / "photos" / f"{number}.png")
    return root


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def in_place(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setenv("RIS_INDEX", str(place.parent / "index"))


def run(*arguments):
    app([str(argument) for argument in arguments], standalone_mode=False)


@pytest.mark.parametrize("option", WRITERS)
def test_a_file_of_somebody_else_is_kept_and_named(place, option):
    taken = place / f"taken{option[2:]}{SUFFIXES.get(option, '')}"
    taken.write_bytes((place / "photos/0.png").read_bytes())
    before = tree(place)
    with pytest.raises(NamedFileError, match=rf"{option} .*{taken.name}.* did not write"):
        run(*WRITERS[option], taken)
    assert tree(place) == before


@pytest.mark.parametrize("option", WRITERS)
def test_a_place_that_cannot_be_written_is_said_before_anything_is_computed(place, option, monkeypatch):
    """Not after hours. Permissions do not hold root up, so they are asked for in its place."""
    locked = place / "locked"
    locked.mkdir(exist_ok=True)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, *mode, **how: path != locked and allowed(path, *mode, **how))
    before = tree(place)
    path = locked / "deeper" / f"new{SUFFIXES.get(option, '')}"
    with pytest.raises(NamedFileError, match=rf"{option} .*{path.name} cannot be written there \(Permission denied\)"):
        run(*WRITERS[option], path)
    assert tree(place) == before


@pytest.mark.parametrize("option", ["--sheet", "--csv", "--html", "--picture"])
def test_nothing_is_written_into_the_folder_that_is_read(place, option):
    before = tree(place / "photos")
    path = place / "photos" / "deeper" / f"new{SUFFIXES[option]}"
    with pytest.raises(NamedFileError, match="only read"):
        run(*WRITERS[option], path)
    assert tree(place / "photos") == before
    assert not path.parent.exists()


@pytest.mark.parametrize("command", ["audit", "recommend"])
def test_output_folders_lie_outside_the_folder_that_is_read(place, command):
    with pytest.raises(DataError, match="only read"):
        run(command, "photos", "--out", "photos/mine")
    assert not (place / "photos" / "mine").exists()


def test_an_audit_replaces_its_own_files_alone(place):
    command = ("audit", "photos", "-m", "none", "--out", "audited")
    run(*command)
    run(*command)
    for path in (place / "audited/audit").iterdir():
        kept = path.read_bytes()
        path.write_text("my notes")
        with pytest.raises(NamedFileError, match=path.name):
            run(*command)
        assert path.read_text() == "my notes"
        path.write_bytes(kept)


@pytest.mark.parametrize(("option", "suffix"), [("--sheet", ".png"), ("--sheet", ".html"), ("--html", ".html")])
def test_what_a_command_wrote_it_replaces(place, option, suffix):
    for _ in range(2):
        run(*WRITERS[option], f"own{option}{suffix}", *(("--csv", "own.csv") if option == "--html" else ()))


def test_one_line_and_exit_code_2(place):
    (place / "mine.html").write_text("my page")
    done = cli(*WRITERS["--html"], "mine.html", cwd=place)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"error: --html mine.html: there is a file of this name")


def test_signs_lie_in_the_head_of_what_is_written(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (900, 900)).save(path, pnginfo=picture_note())
    require_free(path, "--picture", PICTURE)
    write_json(report := tmp_path / "a.json", {"base": {"cells": 3}, "verdict": "same"})
    require_free(report, "--json", JSON)
    write_text(page := tmp_path / "a.md", "### Regression gate: same\n")
    require_free(page, "--markdown", MARKDOWN)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "picture", "link to a picture", "text", "another page"])
def test_what_is_refused(tmp_path, kind):
    path = tmp_path / "out.html"
    Image.new("RGB", (9, 9)).save(picture := tmp_path / "picture.png")
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/null")
        case "picture":
            path.write_bytes(picture.read_bytes())
        case "link to a picture":
            path.symlink_to(picture)
        case "text":
            path.write_text("my notes")
        case "another page":
            path.write_text("<!doctype html><p>mine")
    with pytest.raises(NamedFileError, match="out.html"):
        require_free(path, "--html", PAGE)


@pytest.mark.parametrize("there", [None, b""])
def test_a_new_name_and_an_empty_file_are_free(tmp_path, there):
    path = tmp_path / "new.csv"
    if there is not None:
        path.write_bytes(there)
    require_free(path, "--csv", Form((".csv",), (b"group,",)), [tmp_path / "photos"])


@pytest.mark.parametrize(
    "name", ["scaling.png", "lfw-smoke-retrieval.png", "overview.csv", "report", "lfw-retrieval.md"]
)
def test_a_run_replaces_nothing_in_a_folder_that_it_uses_first(tmp_path, name):
    (tmp_path / name).write_text("mine")
    (tmp_path / "IMG_1.png").write_text("mine too")
    with pytest.raises(StoreError, match=name):
        Store(tmp_path).require_writable()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "IMG_1.png"])
    (tmp_path / name).unlink()
    Store(tmp_path).require_writable()
    (tmp_path / name).write_text(json.dumps({}))  # a run wrote it
    Store(tmp_path).require_writable()
