"""Other bytes are seen, however a file's size and modification time look; --force reads all of them again."""

import os

import numpy as np
import pytest
from PIL import Image
from search_support import cli, fill, opened, picture, query

from benchmarks.search import catalogue
from benchmarks.search.folder_gallery import FolderGallery
from datasets import files
from datasets.folder import Folder
from datasets.manifest import build_manifest


def raw(seed: int) -> bytes:
    """A picture as BMP: of the same size in bytes, whatever it shows."""
    import io

    buffer = io.BytesIO()
    picture(seed).save(buffer, "BMP")
    return buffer.getvalue()


@pytest.fixture
def root(tmp_path):
    for label in range(3):
        for number in range(4):
            path = tmp_path / "photos" / f"label{label}" / f"{number}.bmp"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw(10 * label + number))
    return tmp_path / "photos"


def in_place(path, data):
    path.write_bytes(data)


def replaced(path, data):
    path.with_name("new").write_bytes(data)
    path.with_name("new").replace(path)


@pytest.fixture(params=[in_place, replaced])
def secretly(request):
    """Other bytes with the size and the modification time of before."""

    def change(path, data):
        before = path.stat()
        request.param(path, data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)

    return change


def test_a_data_set_sees_other_bytes_of_the_same_size_and_time(root, tmp_path, secretly):
    before = build_manifest(Folder(root), "full", tmp_path / "cache")
    secretly(root / "label0" / "1.bmp", raw(77))
    after = build_manifest(Folder(root), "full", tmp_path / "cache")
    assert after.hash != before.hash


def test_a_gallery_sees_other_bytes_of_the_same_size_and_time(root, tmp_path, secretly):
    opened(root, tmp_path / "index")
    secretly(root / "label0" / "1.bmp", raw(77))
    hit = opened(root, tmp_path / "index").search(query(77)).hits[0]
    assert (hit.path, hit.identical) == ("label0/1.bmp", True)


def test_reading_again_needs_no_sign_of_change(root, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "stat_fingerprint", lambda paths: "always the same")
    before = build_manifest(Folder(root), "full", tmp_path / "cache")
    (root / "label0" / "1.bmp").write_bytes(raw(77))
    assert build_manifest(Folder(root), "full", tmp_path / "cache").hash == before.hash
    assert build_manifest(Folder(root), "full", tmp_path / "cache", again=True).hash != before.hash


def test_a_gallery_reads_again_on_demand(root, tmp_path, monkeypatch):
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    contents, read, content_of = dict(gallery.entries()), [], catalogue._content
    monkeypatch.setattr(catalogue, "_content", lambda path: (read.append(path), content_of(path))[1])
    gallery.update()
    assert not read
    gallery.update(again=True)
    assert len(read) == len(set(read)) == len(contents) and dict(gallery.entries()) == contents


@pytest.mark.parametrize("lacking", [("ctime_ns", "inode", "seal"), ("seal",)], ids=len)
def test_an_older_catalogue_is_read_once_more(root, tmp_path, lacking, caplog):
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    contents = dict(gallery.entries())
    for column in lacking:
        gallery._catalogue._database.execute(f"ALTER TABLE images DROP COLUMN {column}")
    gallery._catalogue._database.execute("UPDATE images SET sha256 = ?", (bytes(32),))
    gallery._catalogue._database.commit()
    again = FolderGallery(root, tmp_path / "index")
    again.update()
    assert dict(again.entries()) == contents and not caplog.text


def test_the_commands_read_again_with_force(tmp_path):
    root = fill(tmp_path / "photos", 24, 4)
    run = ("run", "-m", "phash", "-d", f"folder:{root}", "--subset", "smoke", "--task", "retrieval", "--out", "out")
    assert cli(*run, cwd=tmp_path).returncode == 0
    (kept,) = (tmp_path / "out" / "cache" / "manifests").glob("*.json")
    before = kept.stat().st_ino
    assert cli(*run, cwd=tmp_path).returncode == 0
    assert kept.stat().st_ino == before
    assert cli(*run, "--force", cwd=tmp_path).returncode == 0
    assert kept.stat().st_ino != before
    Image.fromarray(np.asarray(picture(3))).save(tmp_path / "q.png")
    found = cli("search", "q.png", "-g", root, "-m", "phash", "--force", "--no-thumbnails", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
