"""What is known of contents heals: a byte of it that changes on disk is named, and the pictures are looked at again."""

import sqlite3

import pytest
from PIL import Image
from search_support import encoded, fill, opened, picture, query

from benchmarks.search.catalogue import Catalogue
from benchmarks.search.folder_gallery import FolderGallery
from datasets import notes

CUT = "1 file lacks its last bytes and is read with the rest grey"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Photos with one of each kind, and an index of them that is closed."""
    monkeypatch.setattr(notes, "_noted", set())
    root = fill(tmp_path / "photos", 5)
    (root / "cut.jpg").write_bytes(encoded(picture(70, (200, 160)), "JPEG")[:-3])
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    Image.new("RGB", (64, 48), "red").save(root / "flat.png")
    searched(tmp_path)
    return tmp_path


def searched(place):
    """What an answer says beside its hits, as another process would be told."""
    gallery = (searcher := opened(place / "photos", place / "index")).gallery
    told = (searcher.search(query(1)).notes, gallery.skipped(), len(gallery), gallery._catalogue.flat())
    gallery._catalogue._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    gallery._catalogue._database.close()
    return told


def catalogue(place):
    return next(place.glob("index/*/catalogue.sqlite"))


def changed(place, statement):
    with sqlite3.connect(catalogue(place)) as database:
        assert database.execute(statement).rowcount == 1
    database.close()


USABLE = "(SELECT sha256 FROM images WHERE path = CAST('000.png' AS BLOB))"
CHANGES = {
    "another broken content": f"UPDATE broken SET sha256 = {USABLE}",
    "no broken content": "UPDATE broken SET sha256 = NULL",
    "another reason": "UPDATE broken SET reason = reason || '!'",
    "a reason that is no text": "UPDATE broken SET reason = CAST(x'ff00fe' AS TEXT)",
    "another cut content": "UPDATE cut_short SET sha256 = zeroblob(32)",
    "another flat content": "UPDATE flat SET sha256 = zeroblob(32)",
    "a number in its place": "UPDATE flat SET sha256 = 7",
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_known_of_a_content_heals(place, change, caplog):
    whole = searched(place)
    assert CUT in whole[0] and whole[1].count == 1 and whole[2:] == (7, 1)
    changed(place, CHANGES[change])
    assert searched(place) == whole
    assert f"stored file damaged: {catalogue(place)} (1 of its table " in caplog.text
    assert "; the pictures are looked at again" in caplog.text
    caplog.clear()
    notes._noted.clear()
    assert searched(place) == whole
    assert "damaged" not in caplog.text


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 100], ids=["emptied", "none"])
def test_what_a_lost_catalogue_knew_is_found_again(place, content):
    """The pictures have rows, so that nobody would decode them again."""
    catalogue(place).write_bytes(content)
    gallery = FolderGallery(place / "photos", place / "index")
    gallery.update()
    assert CUT in gallery.notes()
    assert gallery._catalogue.flat() == 1


def test_a_catalogue_of_an_older_version_is_believed(place):
    whole = searched(place)
    with sqlite3.connect(catalogue(place)) as database:
        for table in ("broken", "cut_short", "flat"):
            database.execute(f"ALTER TABLE {table} DROP COLUMN seal")
    database.close()
    assert searched(place) == whole
    assert not Catalogue(catalogue(place), place / "photos").is_owed_a_look()
