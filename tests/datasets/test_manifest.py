import dataclasses
import hashlib
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from pictures import make_cifar10, make_lfw

from datasets import stored_manifest
from datasets.cifar10 import Cifar10
from datasets.errors import DataError, UnknownNameError
from datasets.folder import Folder
from datasets.lfw import Lfw
from datasets.manifest import Manifest, PairManifest, build_manifest, build_pair_manifest

PAIRS = "1\t2\nAnn_Lee\t1\t2\nBob_Ray\t1\t3\nAnn_Lee\t1\tBob_Ray\t1\nAnn_Lee\t3\tCy_Young\t1\n"


@pytest.fixture
def root(tmp_path):
    root = make_lfw(tmp_path / "lfw", {"Ann_Lee": 3, "Bob_Ray": 8, "Cy_Young": 1})
    (root / "pairs.txt").write_text(PAIRS)
    return root


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "manifests"


def photo(root, id):
    return root / "lfw-deepfunneled" / f"{id}.jpg"


@pytest.fixture
def reads(monkeypatch):
    """The ids read from LFW, in order."""
    seen = []
    original = Lfw.read
    monkeypatch.setattr(Lfw, "read", lambda self, id: seen.append(id) or original(self, id))
    return seen


def test_a_manifest_is_the_split_with_digests(root):
    manifest = build_manifest(Lfw(root), "full")
    split = Lfw(root).split("full")
    assert manifest.gallery.items == split.gallery
    assert manifest.queries.items == split.queries
    expected = [hashlib.sha256(photo(root, id).read_bytes()).hexdigest() for id in manifest.gallery.ids]
    assert list(manifest.gallery.digests) == expected
    assert (manifest.dataset, manifest.subset, manifest.synthetic, manifest.skipped) == ("lfw", "full", False, ())
    assert manifest.completeness == "12 of 13,233 images"
    assert manifest.queries[0].shape == (8, 12, 3)


def test_broken_images_are_skipped_and_named(root):
    id = Lfw(root).split("full").gallery[0].id
    photo(root, id).write_bytes(b"")
    manifest = build_manifest(Lfw(root), "full")
    assert manifest.skipped == ((id, f"{id}: the file is empty"),)
    assert id not in manifest.gallery.ids
    assert len(manifest.gallery) + len(manifest.queries) == 11


def test_a_query_whose_positives_are_broken_is_counted(root):
    for item in Lfw(root).split("full").gallery:
        if item.label == "Ann_Lee":
            photo(root, item.id).write_bytes(b"no image")
    manifest = build_manifest(Lfw(root), "full")
    assert manifest.without_positive == 1
    assert len(manifest.queries) == 3


@pytest.mark.parametrize("role", ["gallery", "queries"])
def test_nothing_usable_is_an_error(root, role):
    for item in getattr(Lfw(root).split("full"), role):
        photo(root, item.id).write_bytes(b"no image")
    with pytest.raises(
        DataError, match=r"lfw:full: none of its (gallery|query) images can be used: \d+ images are broken"
    ):
        build_manifest(Lfw(root), "full")


def test_the_hash_follows_content_and_nothing_else(root, tmp_path):
    manifest = build_manifest(Lfw(root), "full")
    moved = root.rename(tmp_path / "elsewhere")
    assert build_manifest(Lfw(moved), "full").hash == manifest.hash
    one = photo(moved, manifest.queries.ids[0])
    one.write_bytes(photo(moved, manifest.gallery.ids[0]).read_bytes())
    assert build_manifest(Lfw(moved), "full").hash != manifest.hash


def test_roles_are_part_of_the_hash(root):
    manifest = build_manifest(Lfw(root), "full")
    first, *rest = manifest.records
    changed = dataclasses.replace(manifest, records=(dataclasses.replace(first, role="query"), *rest))
    assert changed.hash != manifest.hash


@pytest.mark.parametrize("build", [build_manifest, build_pair_manifest])
def test_json_brings_it_back(root, build):
    manifest = build(Lfw(root), "full")
    again = type(manifest).from_json(manifest.to_json(), Lfw(root))
    assert again == manifest
    assert again.hash == manifest.hash


def test_another_process_reads_the_same_images(root, tmp_path):
    manifest = build_manifest(Lfw(root), "full")
    (tmp_path / "manifest.json").write_text(manifest.to_json())
    code = (
        "import sys; from pathlib import Path; from datasets.lfw import Lfw; from datasets.manifest import Manifest\n"
        "m = Manifest.from_json(Path(sys.argv[1]).read_text(), Lfw(Path(sys.argv[2])))\n"
        "print(m.hash, sum(int(image.sum()) for image in m.gallery))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "manifest.json", root], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == [manifest.hash, str(sum(int(image.sum()) for image in manifest.gallery))]


def test_manifests_can_be_pickled(root):
    manifest = build_manifest(Lfw(root), "full")
    again = pickle.loads(pickle.dumps(manifest))
    np.testing.assert_array_equal(again.gallery[0], manifest.gallery[0])


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: "no json",
        lambda d: "[]",
        lambda d: "{}",
        lambda d: json.dumps({**d, "format": 99}),
        lambda d: json.dumps({**d, "kind": "PairManifest"}),
        lambda d: json.dumps({**d, "records": d["records"][1:]}),
        lambda d: json.dumps({**d, "records": [["id"]]}),
        lambda d: json.dumps({**d, "records": None}),
        lambda d: json.dumps({**d, "surprise": 1}),
        lambda d: json.dumps({key: value for key, value in d.items() if key != "skipped"}),
    ],
)
def test_damaged_json_is_refused(root, damage):
    document = json.loads(build_manifest(Lfw(root), "full").to_json())
    with pytest.raises(DataError, match="damaged manifest of lfw .*made again"):
        Manifest.from_json(damage(document), Lfw(root))


def test_the_manifest_of_another_data_set_is_refused(root, tmp_path):
    manifest = build_manifest(Lfw(root), "full")
    with pytest.raises(DataError, match="a manifest of lfw does not fit cifar10"):
        Manifest.from_json(manifest.to_json(), Cifar10(make_cifar10(tmp_path / "cifar10")))


class TestCache:
    def test_a_second_time_reads_no_image(self, root, cache, reads):
        first = build_manifest(Lfw(root), "full", cache)
        assert len(reads) == 12
        again = build_manifest(Lfw(root), "full", cache)
        assert len(reads) == 12
        assert again == first

    def test_without_a_folder_nothing_is_kept(self, root, reads):
        build_manifest(Lfw(root), "full")
        build_manifest(Lfw(root), "full")
        assert len(reads) == 24

    def test_a_changed_file_is_read_again(self, root, cache):
        first = build_manifest(Lfw(root), "full", cache)
        path = photo(root, first.gallery.ids[0])
        path.write_bytes(photo(root, first.gallery.ids[1]).read_bytes())
        assert build_manifest(Lfw(root), "full", cache).hash != first.hash

    def test_a_touched_file_is_read_again(self, root, cache, reads):
        first = build_manifest(Lfw(root), "full", cache)
        os.utime(photo(root, first.gallery.ids[0]), ns=(1, 1))
        build_manifest(Lfw(root), "full", cache)
        assert len(reads) == 24

    def test_a_new_image_is_noticed(self, root, cache):
        build_manifest(Lfw(root), "full", cache)
        make_lfw(root, {"Di_Poe": 1})
        manifest = build_manifest(Lfw(root), "full", cache)
        assert "Di_Poe" in manifest.gallery.labels
        assert manifest.completeness == "13 of 13,233 images"

    def test_subsets_and_copies_do_not_share_entries(self, root, cache, tmp_path, reads):
        build_manifest(Lfw(root), "full", cache)
        build_manifest(Lfw(root), "smoke", cache)
        build_manifest(Lfw(make_lfw(tmp_path / "copy", {"Ann_Lee": 3})), "full", cache)
        assert len(list(cache.iterdir())) == 3

    def test_a_damaged_entry_is_made_again(self, root, cache, reads):
        first = build_manifest(Lfw(root), "full", cache)
        (entry,) = cache.iterdir()
        entry.write_text(entry.read_text()[:100])
        assert build_manifest(Lfw(root), "full", cache) == first
        assert len(reads) == 24
        assert build_manifest(Lfw(root), "full", cache) == first
        assert len(reads) == 24

    def test_another_format_is_made_again(self, root, cache, reads, monkeypatch):
        build_manifest(Lfw(root), "full", cache)
        monkeypatch.setattr(stored_manifest, "FORMAT", 2)
        build_manifest(Lfw(root), "full", cache)
        assert len(reads) == 24

    def test_a_place_that_cannot_be_written_is_named(self, root, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(DataError, match="cannot be written .*choose another output folder"):
            build_manifest(Lfw(root), "full", tmp_path / "file" / "manifests")

    def test_a_data_set_without_fingerprint_is_not_cached(self, root, cache, reads, monkeypatch):
        monkeypatch.setattr(Lfw, "fingerprint", lambda self, items: None)
        build_manifest(Lfw(root), "full", cache)
        assert not cache.exists()

    def test_cifar10_notices_a_changed_batch(self, tmp_path, cache):
        root = make_cifar10(tmp_path / "cifar10")
        first = build_manifest(Cifar10(root), "full", cache)
        path = root / "cifar-10-batches-bin" / "test_batch.bin"
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(path, ns=(5, 5))
        assert build_manifest(Cifar10(root), "full", cache).queries.digests[-1] != first.queries.digests[-1]


class TestPairs:
    def test_images_come_once_and_pairs_point_at_them(self, root):
        pairs = build_pair_manifest(Lfw(root), "full")
        assert len(pairs.images) == len(set(pairs.images.ids)) == 6
        assert list(pairs.left.ids) == [
            f"{n}/{n}_000{i}" for n, i in zip(["Ann_Lee", "Bob_Ray"] + ["Ann_Lee"] * 2, "1113", strict=True)
        ]
        np.testing.assert_array_equal(pairs.images.ids[pairs.right_positions], pairs.right.ids)
        np.testing.assert_array_equal(pairs.same, [True, True, False, False])
        np.testing.assert_array_equal(pairs.fold, [0, 0, 0, 0])
        assert (pairs.missing, pairs.broken, pairs.skipped) == (0, 0, ())
        assert pairs.left.digests[0] == pairs.images.digests[pairs.left_positions[0]]

    def test_pairs_with_a_broken_or_missing_image_are_left_out_and_counted(self, root):
        photo(root, "Cy_Young/Cy_Young_0001").write_bytes(b"no image")
        photo(root, "Bob_Ray/Bob_Ray_0003").unlink()
        pairs = build_pair_manifest(Lfw(root), "full")
        assert (len(pairs.pairs), pairs.missing, pairs.broken) == (2, 1, 1)
        assert [id for id, _ in pairs.skipped] == ["Cy_Young/Cy_Young_0001"]
        assert "Ann_Lee/Ann_Lee_0003" not in pairs.images.ids

    def test_pairs_are_part_of_the_hash(self, root):
        pairs = build_pair_manifest(Lfw(root), "full")
        (left, right, same, fold), *rest = pairs.pairs
        assert dataclasses.replace(pairs, pairs=((left, right, not same, fold), *rest)).hash != pairs.hash

    def test_no_pair_left_is_an_error(self, root):
        for name in ("Ann_Lee/Ann_Lee_0001", "Bob_Ray/Bob_Ray_0001", "Cy_Young/Cy_Young_0001"):
            photo(root, name).write_bytes(b"no image")
        with pytest.raises(DataError, match="lfw:full: none of its pairs can be used: 3 images are broken"):
            build_pair_manifest(Lfw(root), "full")

    def test_the_cache_notices_other_pairs(self, root, cache, reads):
        first = build_pair_manifest(Lfw(root), "full", cache)
        count = len(reads)
        assert build_pair_manifest(Lfw(root), "full", cache) == first
        assert len(reads) == count
        (root / "pairs.txt").write_text(PAIRS.replace("Ann_Lee\t3\tCy_Young\t1", "Ann_Lee\t2\tCy_Young\t1"))
        assert build_pair_manifest(Lfw(root), "full", cache).hash != first.hash

    def test_retrieval_and_pairs_do_not_mix(self, root):
        text = build_manifest(Lfw(root), "full").to_json()
        with pytest.raises(DataError, match="not a PairManifest"):
            PairManifest.from_json(text, Lfw(root))

    def test_a_data_set_without_pairs_has_no_pair_manifest(self, tmp_path):
        assert build_pair_manifest(Cifar10(make_cifar10(tmp_path)), "smoke") is None


def test_an_unknown_subset(root):
    with pytest.raises(UnknownNameError, match="did you mean smoke"):
        build_manifest(Lfw(root), "smoek")


def test_odd_file_names_survive_json(tmp_path):
    make_lfw(tmp_path, {"new\nline": 2, "日本\t'\"": 2, os.fsdecode(b"caf\xe9"): 2}, archive="mine")
    dataset = Folder(tmp_path / "mine")
    manifest = build_manifest(dataset, "full", tmp_path / "cache")
    assert Manifest.from_json(manifest.to_json().encode().decode(), dataset) == manifest
    assert manifest.dataset == "folder:mine"


@pytest.mark.parametrize("name", ["lfw", "cifar10", "imdb-wiki"])
def test_every_real_image_of_smoke_is_usable(data_dir, name, tmp_path):
    from datasets.registry import open_dataset

    dataset = open_dataset(name, data_dir)
    manifest = build_manifest(dataset, "smoke", tmp_path)
    assert manifest.skipped == ()
    assert 150 <= len(manifest.records) <= 200
    assert manifest.without_positive == (2 if name == "lfw" else 0)
    assert build_manifest(open_dataset(name, data_dir), "smoke", tmp_path) == manifest
