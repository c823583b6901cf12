"""What lies in a folder of images and is none to open: pipes, sockets, sparse and huge files, dates far ahead."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image as PilImage
from test_cli import ROOT, cli

from benchmarks.search.catalogue import Catalogue
from benchmarks.search.folder_gallery import FolderGallery
from datasets.errors import ImageError
from datasets.folder import Folder
from datasets.reading import MOST_BYTES, read_image_file

YEAR_2446 = 15_000_000_000


@pytest.fixture
def photos(tmp_path):
    """Three labels of three images."""
    rng = np.random.default_rng(3)
    for label in "abc":
        (tmp_path / "p" / label).mkdir(parents=True)
        for image in range(3):
            pixels = rng.integers(0, 255, size=(48, 48, 3), dtype=np.uint8)
            PilImage.fromarray(pixels).save(tmp_path / "p" / label / f"{image}.png")
    return tmp_path / "p"


def _fifo(path):
    os.mkfifo(path)


def _linked_fifo(path):
    os.mkfifo(path.with_suffix(".pipe"))
    path.symlink_to(path.with_suffix(".pipe"))


def _socket(path):
    with contextlib.chdir(path.parent):  # an address must be short
        socket.socket(socket.AF_UNIX).bind(path.name)


def _device(path):
    path.symlink_to("/dev/zero")


def _loop(path):
    path.symlink_to(path.name)


def _sparse(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


ODD = [_fifo, _linked_fifo, _socket, _device, _sparse, _loop]


@pytest.mark.parametrize("make", ODD)
def test_a_folder_of_labels_passes_it_over_and_counts_it(photos, make):
    make(photos / "a" / "odd.png")
    folder = Folder(photos)
    assert len(folder.items()) == 9
    assert "1 file that" in folder.completeness() or "1 link ignored" in folder.completeness()


@pytest.mark.parametrize("make", ODD)
def test_a_gallery_passes_it_over_and_counts_it(photos, tmp_path, make):
    make(photos / "a" / "odd.png")
    gallery = FolderGallery(photos, tmp_path / "index")
    start = time.monotonic()
    gallery.update()
    assert time.monotonic() - start < 20
    assert len(list(gallery.entries())) == 9
    if make in (_device, _linked_fifo, _loop):
        assert gallery._catalogue.passed_over.links == 1
    else:
        assert gallery.skipped().count == 1
        assert "a/odd.png" in gallery.skipped().first[0][0]


@pytest.mark.parametrize("make", ODD)
def test_reading_it_is_refused_at_once(tmp_path, make):
    make(tmp_path / "odd.png")
    with pytest.raises(ImageError, match=r"odd: (is (a named pipe|a socket|a device)|has [\d,]+ MiB|cannot be read)"):
        read_image_file(tmp_path / "odd.png", "odd")


def test_a_file_of_the_largest_size_is_read(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MOST_BYTES)
    assert len(read_image_file(tmp_path / "large", "large")) == MOST_BYTES


@pytest.mark.parametrize("make", [_fifo, _socket])
def test_a_run_is_not_held_up(photos, tmp_path, make):
    make(photos / "a" / "odd.png")
    where = ("-d", f"folder:{photos}", "--subset", "smoke", "--task", "retrieval")
    done = cli("run", "-m", "pixels", *where, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seconds", [YEAR_2446, -YEAR_2446 // 4, 0])
def test_any_date_of_a_file_can_be_kept(photos, tmp_path, seconds):
    os.utime(photos / "a" / "0.png", (seconds, seconds))
    gallery = FolderGallery(photos, tmp_path / "index")
    gallery.update()
    gallery.update()
    assert len(gallery) == 9
    assert Folder(photos).fingerprint(Folder(photos).items())


def test_searches_side_by_side_share_one_index(photos, tmp_path):
    query = photos / "a" / "0.png"
    command = [sys.executable, "-m", "benchmarks", "search", query, "--gallery", photos, "-m", "phash"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = {"cwd": ROOT, "env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    places = ["--index-dir", tmp_path / "index"]
    searches = [subprocess.Popen([*map(str, command), *map(str, places)], **options) for _ in range(3)]
    for search in searches:
        output, _ = search.communicate(timeout=200)
        assert search.returncode == 0, output
        assert "0.png" in output


def test_nobody_waits_while_another_reads_files(photos, tmp_path, monkeypatch):
    first, second = (Catalogue(tmp_path / "index.sqlite", photos) for _ in range(2))
    monkeypatch.setattr("benchmarks.search.catalogue.BATCH", 2)
    seen = []

    def meanwhile(path):
        if not seen:
            seen.append(path)
            second._database.execute("PRAGMA busy_timeout = 0")
            second.mark_broken(bytes(32), "while the first hashes")
        return bytes(32), None

    monkeypatch.setattr("benchmarks.search.catalogue._content", meanwhile)
    first.update()
    assert seen and first.problems(1)[0] == 9


def test_a_writer_waits_for_its_turn(photos, tmp_path):
    catalogue = Catalogue(tmp_path / "index.sqlite", photos)
    other = sqlite3.connect(tmp_path / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    catalogue._database.execute("PRAGMA busy_timeout = 200")
    with pytest.raises(Exception, match="database is locked.*--index-dir"):
        catalogue.mark_broken(bytes(32), "never")
    other.execute("COMMIT")
    catalogue.mark_broken(bytes(32), "now")
