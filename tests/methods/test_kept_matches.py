"""Matches kept by content: rows that differ in what they make of them share, nothing stale is taken up."""

import numpy as np
import pytest

from datasets.imageset import ImageSet
from methods.conformance_images import odd_images, structured_images
from methods.local_features import kept_matches
from methods.sift import SiftMatching
from methods.sift_bank import DescriptorBank


def with_digests(images):
    return ImageSet(images.items, images.source, [f"digest of {item.id}" for item in images.items])


IMAGES = with_digests(structured_images(labels=6, each=3))
GALLERY, QUERIES = IMAGES.take(range(1, 18, 3)), IMAGES.take(range(0, 18, 3))
ROWS = {
    "count": {},
    "verified": {"verify": True, "shortlist": 5},
    "mean distance": {"aggregate": "mean-distance"},
}


@pytest.fixture
def compared(monkeypatch):
    """How many queries were compared with a gallery, call by call."""
    calls = []
    measured = DescriptorBank.measured

    def counting(self, queries, measures):
        calls.append(len(queries))
        return measured(self, queries, measures)

    monkeypatch.setattr(DescriptorBank, "measured", counting)
    return calls


def ranked(folder, gallery=GALLERY, queries=QUERIES, **settings):
    method = SiftMatching(**settings)
    method.reuse(folder)
    method.index(gallery)
    return method.search(queries, len(gallery))


def test_rows_compare_the_same_pictures_once_and_rank_as_alone(tmp_path, compared):
    alone = [ranked(None, **row) for row in ROWS.values()]
    assert compared == [len(QUERIES)] * 3
    shared = [ranked(tmp_path, **row) for row in ROWS.values()]
    assert compared == [len(QUERIES)] * 4
    for one, other in zip(alone, shared, strict=True):
        assert np.array_equal(one.ids, other.ids) and np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize("change", ["gallery", "order", "queries", "ratio", "root", "features", "code", "packages"])
def test_a_change_of_what_decides_matches_compares_anew(change, tmp_path, compared, monkeypatch):
    ranked(tmp_path)
    changed = {
        "gallery": {"gallery": GALLERY[:-1]},
        "order": {"gallery": GALLERY.take(range(len(GALLERY) - 1, -1, -1))},
        "queries": {"queries": QUERIES[1:]},
        "ratio": {"ratio": 0.7},
        "root": {"root": True},
        "features": {"max_features": 50},
    }.get(change, {})
    if change == "code":
        monkeypatch.setattr(kept_matches.fingerprint, "code_digest", lambda modules: "other code")
    elif change == "packages":
        monkeypatch.setattr(kept_matches.fingerprint, "package_versions", lambda names: {"numpy": "99"})
    found = ranked(tmp_path, **changed)
    assert len(compared) == 2
    assert np.array_equal(found.scores, ranked(None, **changed).scores)


@pytest.mark.parametrize("damage", ["truncated", "of another form", "of fewer images", "of other bytes"])
def test_a_damaged_file_is_named_and_made_again(damage, tmp_path, compared, caplog):
    before = ranked(tmp_path)
    (path,) = tmp_path.glob("matches-*/*.npz")
    arrays = dict(np.load(path))
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "of another form":
        np.savez(path, rows=np.zeros(3))
    elif damage == "of fewer images":
        np.savez(path, **{name: rows[:-1] for name, rows in arrays.items()})
    else:
        np.savez(path, **{name: rows.astype(np.float64) for name, rows in arrays.items()})
    assert np.array_equal(before.scores, ranked(tmp_path).scores)
    assert len(compared) == 2
    assert f"{path} (" in caplog.text
    ranked(tmp_path)
    assert len(compared) == 2


def test_a_method_that_starts_afresh_compares_and_keeps_nothing(tmp_path, compared):
    method = SiftMatching()
    method.reuse(tmp_path)
    method.index(GALLERY)
    method.search(QUERIES, 3)
    before = sorted(tmp_path.rglob("*.npz"))
    method.reuse(None)
    method.search(QUERIES, 3)
    method.search(QUERIES[:1], 3)
    assert compared == [len(QUERIES), len(QUERIES), 1] and sorted(tmp_path.rglob("*.npz")) == before


def test_neither_large_galleries_nor_pictures_of_unknown_content_are_kept(tmp_path, monkeypatch):
    ranked(tmp_path, queries=structured_images(labels=2, each=1))
    ranked(tmp_path, gallery=structured_images(labels=2, each=1))
    monkeypatch.setattr(kept_matches, "MOST_IMAGES", len(GALLERY) - 1)
    ranked(tmp_path)
    assert not list(tmp_path.glob("matches-*/*.npz"))


def test_pictures_without_keypoints_are_kept_like_others(tmp_path, compared):
    odd = with_digests(odd_images())
    for row in ROWS.values():
        for gallery, queries in ((GALLERY, odd), (odd, QUERIES)):
            found, alone = (ranked(folder, gallery, queries, **row) for folder in (tmp_path, None))
            assert np.array_equal(found.scores, alone.scores)
    assert len(compared) == 2 + 2 * len(ROWS)
