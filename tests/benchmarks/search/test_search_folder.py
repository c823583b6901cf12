"""A folder's catalogue: streamed, and brought up to date instead of made again."""

import os
import random
from itertools import islice
from pathlib import Path

import pytest
from search_support import fill, opened, picture

from benchmarks.search import catalogue, folder_files
from benchmarks.search.catalogue import Catalogue
from benchmarks.search.errors import SearchError
from benchmarks.search.folder_files import image_files
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.gallery import state


def names(root: Path) -> list[str]:
    return sorted(file.path for file in image_files(root, []))


def test_any_tree_of_images_is_found(tmp_path):
    for path in ("a.png", "deep/er/b.JPG", "deep/c.webp", "notes.txt", ".hidden.png", ".git/d.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    assert names(tmp_path) == ["a.png", "deep/c.webp", "deep/er/b.JPG"]


def test_links_lead_nowhere_outside(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (root / "a.png").write_bytes(b"x")
    (root / "out.png").symlink_to(tmp_path / "secret.png")
    (root / "in.png").symlink_to(root / "a.png")
    (root / "broken.png").symlink_to(root / "nothing.png")
    (root / "loop").symlink_to(root)
    assert names(root) == ["a.png", "in.png"]


def test_a_folder_without_end_is_a_stream(monkeypatch, tmp_path):
    """More files than could ever be listed: the first come at once."""

    class Entry:
        def __init__(self, number):
            self.name, self.path = f"{number}.png", str(tmp_path / f"{number}.png")

        def is_dir(self, *, follow_symlinks=True):
            return False

        def is_file(self):
            return True

        def is_symlink(self):
            return False

        def stat(self):
            return os.stat_result((0,) * 6 + (7, 0, 0, 0))

    class Endless:
        def __enter__(self):
            return (Entry(number) for number in iter(int, 1))

        def __exit__(self, *failure):
            pass

    monkeypatch.setattr(folder_files.os, "scandir", lambda path: Endless())
    assert [file.size for file in islice(image_files(tmp_path, []), 3)] == [7, 7, 7]


def test_files_are_looked_at_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "BATCH", 4)
    seen = []
    Catalogue(tmp_path / "c.sqlite", fill(tmp_path / "root", 10)).update(seen.append)
    assert seen == [4, 4, 2]


def test_only_what_changed_is_read_again(tmp_path, monkeypatch):
    root = fill(tmp_path / "root", 5)
    first = Catalogue(tmp_path / "c.sqlite", root)
    first.update()
    before = {first.path(id): (id, content) for id, content in first.entries()}
    picture(90).save(root / "001.png")
    picture(91).save(root / "new.png")
    (root / "002.png").unlink()
    read = []
    content_of = catalogue._content
    monkeypatch.setattr(catalogue, "_content", lambda path: (read.append(path.name), content_of(path))[1])
    again = Catalogue(tmp_path / "c.sqlite", root)
    again.update()
    after = {again.path(id): (id, content) for id, content in again.entries()}
    assert sorted(read) == ["001.png", "new.png"]
    assert sorted(after) == ["000.png", "001.png", "003.png", "004.png", "new.png"]
    assert after["000.png"] == before["000.png"]
    assert after["001.png"][0] == before["001.png"][0]
    assert after["001.png"][1] != before["001.png"][1]


def test_the_state_follows_the_content(tmp_path):
    root = fill(tmp_path / "root", 3)
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    before = state(gallery)
    os.utime(root / "001.png", ns=(1, 1))
    gallery.update()
    assert state(gallery) == before
    picture(90).save(root / "001.png")
    gallery.update()
    assert state(gallery) != before


def test_labels_are_the_first_folders(tmp_path):
    root = fill(tmp_path / "root", 4, labels=2)
    picture(9).save(root / "flat.png")
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    items = [gallery.item(id) for id, _ in gallery.entries()]
    assert {(item.id, item.label) for item in items} >= {("label1/001.png", "label1"), ("flat.png", "")}


def test_the_folder_itself_is_not_written(tmp_path):
    root = fill(tmp_path / "root", 3)
    before = sorted(root.rglob("*"))
    FolderGallery(root, tmp_path / "index").update()
    assert sorted(root.rglob("*")) == before


def test_an_empty_folder_says_what_it_looked_for(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes.txt").write_text("none")
    with pytest.raises(SearchError, match=r"holds no images.*\.jpg"):
        FolderGallery(tmp_path / "root", tmp_path / "index").update()


def test_no_folder_is_one_line(tmp_path):
    with pytest.raises(SearchError, match="no folder"):
        FolderGallery(tmp_path / "nothing", tmp_path / "index")


def test_an_index_that_is_none_is_named_and_made_again(tmp_path, caplog):
    (tmp_path / "c.sqlite").write_bytes(b"this is no database at all" * 100)
    catalogue = Catalogue(tmp_path / "c.sqlite", tmp_path)
    assert "stored file damaged" in caplog.text and "c.sqlite" in caplog.text
    catalogue.update()
    assert len(catalogue) == 0


def test_an_entry_of_which_a_byte_changed_is_named_and_its_file_is_read_again(tmp_path, caplog):
    """The database notices a page that is broken, not a number in it: that picture was never found again."""
    root, path = fill(tmp_path / "root", 6), tmp_path / "c.sqlite"
    first = Catalogue(path, root)
    first.update()
    right = {first.path(id): content for id, content in first.entries()}
    first._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    first._database.close()
    whole = path.read_bytes()
    for name, content in right.items():
        data = bytearray(whole)
        data[whole.index(content) + 5] ^= 4
        path.write_bytes(data)
        again = Catalogue(path, root)
        again.update()
        assert {again.path(id): content for id, content in again.entries()} == right
        assert f"stored file damaged: {path} (its entry of {name}); the file is read again" in caplog.text
        again._database.close()


def test_no_byte_of_a_catalogue_can_change_what_is_found(tmp_path):
    root, path = fill(tmp_path / "root", 6), tmp_path / "c.sqlite"
    first = Catalogue(path, root)
    first.update()
    right = {first.path(id): content for id, content in first.entries()}
    first._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    first._database.close()
    whole = path.read_bytes()
    rng = random.Random(0)
    written = [place for place, byte in enumerate(whole) if byte]
    for place in rng.sample(written, 150):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :])
        again = Catalogue(path, root)
        again.update()
        assert {again.path(id): content for id, content in again.entries()} == right, place
        again._database.close()


def test_names_that_are_no_text_can_be_shown(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    picture(1).save(root / "ok.png")
    (root / os.fsdecode(b"caf\xe9.png")).write_bytes((root / "ok.png").read_bytes())
    gallery = FolderGallery(root, tmp_path / "index")
    gallery.update()
    shown = {gallery.item(id).id for id, _ in gallery.entries()}
    assert shown == {"ok.png", "caf\\xe9.png"}
    assert all(gallery.read(id) for id, _ in gallery.entries())


def test_a_number_that_is_not_there(tmp_path):
    gallery = FolderGallery(fill(tmp_path / "root", 1), tmp_path / "index")
    gallery.update()
    with pytest.raises(SearchError, match="no image has the number 99"):
        gallery.read(99)


def test_a_broken_content_that_several_files_hold_is_told_by_its_own_name(tmp_path):
    fill(tmp_path / "photos", 3)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / "photos" / name).write_bytes(b"\xff\xd8\xff\xe0junk" * 9)
    gallery = opened(tmp_path / "photos", tmp_path / "index").gallery
    assert [path for path, _ in gallery.skipped().first] == ["a.jpg", "b.jpg", "c.jpg"]
    assert not any(".jpg" in reason for _, reason in gallery.skipped().first)
