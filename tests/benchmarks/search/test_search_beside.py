"""Searching a folder while another process, which sees that it changed, brings the same index up to date."""

import pytest
from search_support import encoded, fill, opened, picture, query

from benchmarks.duplicates import finding as finding_module
from benchmarks.duplicates.finding import find_copies
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.searcher import Places


def change(root, index):
    """What another process does: it looks through the folder, of which two files went and one came."""
    (root / "001.png").unlink()
    (root / "003.png").unlink()
    (root / "new.png").write_bytes(encoded(picture(77)))
    FolderGallery(root, index).update()


def test_an_opened_gallery_stays_as_it_was_listed(tmp_path):
    root, index = fill(tmp_path / "photos", 6), tmp_path / "index"
    searcher = opened(root, index)
    before = list(searcher.gallery.entries())
    change(root, index)
    assert {hit.path for hit in searcher.search(query(1)).hits} == {f"{number:03d}.png" for number in range(6)}
    assert list(searcher.gallery.entries()) == before
    searcher.gallery.update()
    assert {searcher.gallery.item(id).id for id, _ in searcher.gallery.entries()} == {
        "000.png", "002.png", "004.png", "005.png", "new.png"
    }  # fmt: skip


@pytest.mark.parametrize("step", ["_by_method", "_shown"])
def test_duplicates_go_on(tmp_path, monkeypatch, step):
    root, index = fill(tmp_path / "photos", 6), tmp_path / "index"
    picture(0).save(root / "twin.bmp")
    real = getattr(finding_module, step)

    def meanwhile(*arguments):
        change(root, index)
        return real(*arguments)

    monkeypatch.setattr(finding_module, step, meanwhile)
    found = find_copies(root, "phash", Places(index))
    assert [{one.path for one in group} for group in found.groups] == [{"000.png", "twin.bmp"}]
