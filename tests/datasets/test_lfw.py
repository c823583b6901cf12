from collections import Counter

import numpy as np
import pytest
from pictures import make_lfw

from datasets.errors import DataError, ImageError, UnknownNameError
from datasets.lfw import QUERY_IMAGES, QUERY_PEOPLE, Lfw

PHOTOS = {"Ann_Lee": 3, "Bob_Ray": 8, "Cy_Young": 1, "Di_Poe": 1, "Albert_Costa": 6}


@pytest.fixture
def root(tmp_path):
    return make_lfw(tmp_path / "lfw", PHOTOS)


def write_pairs(root, lines, header="2\t2"):
    (root / "pairs.txt").write_text("\n".join([header, *lines]) + "\n")


FOLD = ["Ann_Lee\t1\t2", "Bob_Ray\t1\t8", "Ann_Lee\t1\tCy_Young\t1", "Bob_Ray\t2\tDi_Poe\t1"]


def test_items_are_every_photo_in_order(root):
    dataset = Lfw(root)
    assert [item.id for item in dataset.items()][:2] == [
        "Albert_Costa/Albert_Costa_0001",
        "Albert_Costa/Albert_Costa_0002",
    ]
    assert Counter(item.label for item in dataset.items()) == PHOTOS
    assert dataset.completeness() == "19 of 13,233 images"
    assert dataset.imageset(dataset.items())[0].shape == (8, 12, 3)


@pytest.mark.parametrize("archive", ["lfw-deepfunneled", "lfw_funneled", "lfw"])
def test_any_of_the_official_archives_will_do(tmp_path, archive):
    assert len(Lfw(make_lfw(tmp_path, {"Ann_Lee": 2}, archive)).items()) == 2


def test_files_of_other_names_are_no_photos(root):
    (root / "lfw-deepfunneled" / "Ann_Lee" / "Thumbs.db").write_bytes(b"x")
    (root / "lfw-deepfunneled" / "pairs_01.txt").write_text("x")
    assert len(Lfw(root).items()) == 19


def test_full_takes_a_quarter_of_each_person(root):
    split = Lfw(root).split("full")
    assert Counter(item.label for item in split.queries) == {"Ann_Lee": 1, "Bob_Ray": 2, "Albert_Costa": 1}
    assert "Albert_Costa/Albert_Costa_0001" in {item.id for item in split.queries}


def test_view_2_pairs(root):
    write_pairs(root, FOLD * 2)
    pairs = Lfw(root).pairs("full")
    assert [item.id for item in pairs.left[:2]] == ["Ann_Lee/Ann_Lee_0001", "Bob_Ray/Bob_Ray_0001"]
    assert [item.id for item in pairs.right[1:3]] == ["Bob_Ray/Bob_Ray_0008", "Cy_Young/Cy_Young_0001"]
    np.testing.assert_array_equal(pairs.same, [1, 1, 0, 0] * 2)
    np.testing.assert_array_equal(pairs.fold, [0] * 4 + [1] * 4)
    assert pairs.missing == 0


def test_pairs_without_their_image_are_left_out_and_counted(root):
    write_pairs(root, [*FOLD, "Ann_Lee\t1\t4", *FOLD[1:]])
    pairs = Lfw(root).pairs("standard")
    assert (len(pairs.left), pairs.missing) == (7, 1)
    np.testing.assert_array_equal(pairs.fold, [0] * 4 + [1] * 3)


def test_subsets_made_elsewhere_have_no_pairs(root):
    assert Lfw(root).pairs("first-250") is None


@pytest.mark.parametrize(
    ("header", "lines", "complaint"),
    [
        ("2\t2", FOLD, "has 4 pairs, its first line promises 8"),
        ("hello", FOLD, 'first line must be two numbers like "10 300"'),
        ("1\t2", [*FOLD[:3], "Bob_Ray\ttwo\tDi_Poe\t1"], "pairs.txt:5: not"),
        ("1\t2", [*FOLD[:3], "Bob_Ray"], "pairs.txt:5: not"),
    ],
)
def test_malformed_pairs_are_refused(root, header, lines, complaint):
    write_pairs(root, lines, header)
    with pytest.raises(DataError, match=complaint):
        Lfw(root).pairs("full")


def test_absent_pairs_are_asked_for(root):
    with pytest.raises(DataError, match=r"pairs\.txt is missing: put LFW's View 2 pairs there"):
        Lfw(root).pairs("smoke")


def test_s3_needs_its_list_and_every_image_on_it(root):
    with pytest.raises(DataError, match=r"s3-1508\.txt is missing"):
        Lfw(root).split("s3-1508")
    listed = [f"Ann_Lee/Ann_Lee_{n:04d}.jpg" for n in (1, 2, 3)] + ["Cy_Young/Cy_Young_0001.jpg"]
    (root / "s3-1508.txt").write_text("\n".join(listed))
    split = Lfw(root).split("s3-1508")
    assert sorted(f"{item.id}.jpg" for item in (*split.gallery, *split.queries)) == listed
    (root / "s3-1508.txt").write_text("\n".join([*listed, "Ann_Lee/Ann_Lee_0009.jpg"]))
    with pytest.raises(DataError, match=r"1 of its 5 images are missing, first Ann_Lee/Ann_Lee_0009\.jpg"):
        Lfw(root).split("s3-1508")


def test_first_250_must_be_complete(root):
    with pytest.raises(DataError, match="first-250: .*572 images"):
        Lfw(root).split("first-250")


def test_no_archive_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds none of the folders"):
        Lfw(tmp_path)
    (tmp_path / "lfw").mkdir()
    with pytest.raises(DataError, match="unpack the LFW archive"):
        Lfw(tmp_path).items()


def test_unknown_subsets_and_images_are_named(root):
    with pytest.raises(UnknownNameError, match="did you mean first-250"):
        Lfw(root).split("first-25")
    with pytest.raises(ImageError, match="Ann_Lee/Ann_Lee_0099: no such image"):
        Lfw(root).read("Ann_Lee/Ann_Lee_0099")
    with pytest.raises(ImageError, match="no such image"):
        Lfw(root).read("../../../etc/passwd")


def test_a_photo_is_read_without_listing_all(root, monkeypatch):
    """A cell reads some of a manifest's photos: listing all 13,233 took as long as reading 200 of them."""
    expected = {item.id: Lfw(root).read(item.id) for item in Lfw(root).items()}
    dataset = Lfw(root)
    monkeypatch.setattr(dataset, "list_files", lambda: pytest.fail("listed all photos"))
    assert {id: dataset.read(id) for id in expected} == expected


@pytest.mark.parametrize(
    "id", ["../.._0001", "./._0001", "/_0001", "Ann_Lee", "Ann_Lee/Thumbs", "\0/\0_0001", "x/x_0001", ""]
)
@pytest.mark.parametrize("listed", [True, False])
def test_only_photos_in_a_persons_folder_are_read(root, id, listed):
    for folder, stem in (("..", ".._0001"), (".", "._0001"), (".", "_0001"), ("Ann_Lee", "Thumbs")):
        (root / "lfw-deepfunneled" / folder / f"{stem}.jpg").write_bytes(b"x")
    dataset = Lfw(root)
    if listed:
        dataset.items()
    with pytest.raises(ImageError, match="no such image"):
        dataset.read(id)


def test_an_image_that_vanishes_is_an_image_error(root):
    dataset = Lfw(root)
    id = dataset.items()[0].id
    (root / "lfw-deepfunneled" / f"{id}.jpg").unlink()
    with pytest.raises(ImageError, match=f"{id}: cannot be read"):
        dataset.read(id)


class TestRealImages:
    @pytest.fixture(scope="class")
    def lfw(self, data_dir):
        return Lfw(data_dir / "lfw")

    @pytest.mark.parametrize(("subset", "total", "answered"), [("smoke", 150, 48), ("standard", 1300, 300)])
    def test_sampled_subsets_have_positives_distractors_and_lone_queries(self, lfw, subset, total, answered):
        split = lfw.split(subset)
        gallery = Counter(item.label for item in split.gallery)
        queries = Counter(item.label for item in split.queries)
        assert len(split.gallery) + len(split.queries) == total
        assert sum(count for name, count in queries.items() if gallery[name]) == answered
        assert sum(not gallery[name] for name in queries) == {"smoke": 2, "standard": 10}[subset]
        assert len(gallery.keys() - queries.keys()) >= 20
        assert max(queries.values()) <= 5
        assert {item.id for item in split.queries} >= QUERY_IMAGES

    def test_the_ten_query_people_have_six_photos_each(self, lfw):
        counts = Counter(item.label for item in lfw.items())
        assert [counts[name] for name in QUERY_PEOPLE] == [6] * 10

    @pytest.mark.parametrize(("subset", "images", "people"), [("s3-1508", 1508, 637), ("first-250", 572, 250)])
    def test_the_subsets_of_the_reports(self, lfw, subset, images, people):
        split = lfw.split(subset)
        items = (*split.gallery, *split.queries)
        assert len({item.id for item in items}) == len(items) == images
        assert len({item.label for item in items}) == people

    def test_pairs(self, lfw):
        pairs = lfw.pairs("full")
        assert len(pairs.left) + pairs.missing == 6000
        assert pairs.missing <= 1
        smoke = lfw.pairs("smoke")
        assert Counter(zip(smoke.fold.tolist(), smoke.same.tolist(), strict=True)) == {
            (fold, same): 10 for fold in range(10) for same in (True, False)
        }

    def test_pixels(self, lfw):
        images = lfw.imageset(lfw.items()[:3])
        assert [image.shape for image in images] == [(250, 250, 3)] * 3
