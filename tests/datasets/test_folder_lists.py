"""A folder's own split and pairs are used as given, or refused in one line that says where."""

import numpy as np
import pytest
from pictures import write_jpeg

from datasets.errors import DataError
from datasets.folder import Folder
from datasets.manifest import build_manifest


def make(root, *paths):
    for number, path in enumerate(paths):
        write_jpeg(root / path, number)
    return root


def sides(split):
    return sorted(item.id for item in split.gallery), sorted(item.id for item in split.queries)


def labels(dataset):
    return {item.id: item.label for item in dataset.items()}


@pytest.mark.parametrize(("gallery", "query"), [("gallery", "query"), ("gallery", "queries"), ("train", "test")])
@pytest.mark.parametrize("subset", ["smoke", "full"])
def test_folders_of_two_sides_are_used_as_given(tmp_path, gallery, query, subset):
    make(tmp_path, f"{gallery}/cat/1.jpg", f"{gallery}/dog/1.jpg", f"{query}/cat/2.jpg", f"{query}/cat/3.jpg")
    dataset = Folder(tmp_path)
    assert sides(dataset.split(subset)) == (
        [f"{gallery}/cat/1.jpg", f"{gallery}/dog/1.jpg"],
        [f"{query}/cat/2.jpg", f"{query}/cat/3.jpg"],
    )
    assert set(labels(dataset).values()) == {"cat", "dog"}
    assert dataset.completeness() == "4 images of 2 labels"
    assert build_manifest(dataset, subset).without_positive == 0


def test_three_folders_are_labels_whatever_they_are_called(tmp_path):
    make(tmp_path, "gallery/1.jpg", "gallery/2.jpg", "query/1.jpg", "other/1.jpg")
    assert set(labels(Folder(tmp_path)).values()) == {"gallery", "query", "other"}


def test_a_list_of_queries_says_which_image_answers_which(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "copies/a1.jpg", "copies/b1.jpg", "copies/new.jpg")
    (tmp_path / "queries.csv").write_text(
        "query,original,label\ncopies/a1.jpg,a.jpg,\ncopies/b1.jpg, b.jpg ,\ncopies/new.jpg,,\n"
    )
    dataset = Folder(tmp_path)
    assert sides(dataset.split("full")) == (["a.jpg", "b.jpg"], ["copies/a1.jpg", "copies/b1.jpg", "copies/new.jpg"])
    known = labels(dataset)
    assert known["copies/a1.jpg"] == known["a.jpg"]
    assert known["copies/b1.jpg"] == known["b.jpg"]
    assert len(set(known.values())) == 3
    assert build_manifest(dataset, "full").without_positive == 1
    assert dataset.passed_over.words() == []


def test_originals_of_one_query_and_images_of_one_label_are_one_thing(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg", "q.jpg", "r.jpg")
    (tmp_path / "queries.csv").write_text("query,original,label\nq.jpg,a.jpg,\nq.jpg,b.jpg,\nr.jpg,c.jpg,boat\n")
    known = labels(Folder(tmp_path))
    assert known["a.jpg"] == known["b.jpg"] == known["q.jpg"]
    assert known["c.jpg"] == known["r.jpg"] == "boat"


def test_label_folders_answer_a_query_that_names_a_label(tmp_path):
    make(tmp_path, "cat/1.jpg", "cat/2.jpg", "dog/1.jpg")
    (tmp_path / "queries.csv").write_text("query,label\ncat/2.jpg,cat\n")
    dataset = Folder(tmp_path)
    assert sides(dataset.split("full")) == (["cat/1.jpg", "dog/1.jpg"], ["cat/2.jpg"])
    assert labels(dataset)["cat/2.jpg"] == "cat"


@pytest.mark.parametrize(("first", "second"), [("gallery.txt", "query.txt"), ("train.txt", "test.txt")])
def test_two_lists_of_paths_are_used_as_given_and_what_they_leave_out_is_counted(tmp_path, first, second):
    make(tmp_path, "cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "a b.jpg", "left.jpg")
    (tmp_path / first).write_text("# the gallery\ncat/1.jpg\ndog/1.jpg\n")
    (tmp_path / second).write_text("cat/2.jpg\na b.jpg dog\n")
    dataset = Folder(tmp_path)
    assert sides(dataset.split("full")) == (["cat/1.jpg", "dog/1.jpg"], ["a b.jpg", "cat/2.jpg"])
    assert labels(dataset)["a b.jpg"] == "dog"
    assert dataset.completeness().startswith("4 images of 2 labels, 1 that no list names ignored")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("queries.csv", "original\na.jpg\n", "no column 'query'"),
        ("queries.csv", "query,original\nz.jpg,a.jpg\n", "line 2: no image 'z.jpg'"),
        ("queries.csv", "query,original\na.jpg,b.jpg\nb.jpg,a.jpg\n", "is a query and an original"),
        ("queries.csv", "query,original\n", "names no query"),
        ("queries.csv", "query,original\na.jpg\n", "line 2: 2 values are expected"),
        ("queries.csv", "query,original\na.jpg,b.jpg,c\n", "line 2: 2 values are expected"),
        ("queries.csv", b"query\n\xff\xfe\n", "it is not UTF-8"),
        ("train.txt", "a.jpg\nz.jpg\n", "line 2: no image 'z.jpg'"),
        ("train.txt", "b.jpg\n", "stands in train.txt as well"),
        ("train.txt", "\n", "names no image"),
    ],
)
def test_a_list_that_cannot_be_meant_is_one_line(tmp_path, name, text, says):
    make(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "test.txt").write_text("b.jpg\n")
    with pytest.raises(DataError, match=says) as raised:
        Folder(tmp_path).split("full")
    assert "\n" not in str(raised.value)


def write_pairs(root, *rows, head="left,right,same"):
    (root / "pairs.csv").write_text("\n".join([head, *rows]) + "\n")
    return Folder(root)


def test_pairs_give_folds_that_hold_both_kinds_and_missing_ones_are_counted(tmp_path):
    make(tmp_path, *(f"{number}.jpg" for number in range(9)))
    rows = [f"{n}.jpg,{n + 1}.jpg,{'yes' if n % 2 else 0}" for n in range(8)]
    pairs = write_pairs(tmp_path, *rows, "0.jpg,gone.jpg,1").pairs("full")
    assert (len(pairs.left), pairs.missing) == (8, 1)
    assert pairs.same.tolist() == [False, True] * 4
    for fold in range(4):
        assert sorted(pairs.same[pairs.fold == fold].tolist()) == [False, True]


def test_folds_that_are_given_are_used(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    rows = ("a.jpg,b.jpg,1,0", "b.jpg,c.jpg,0,0", "a.jpg,c.jpg,1,1", "c.jpg,a.jpg,0,1")
    pairs = write_pairs(tmp_path, *rows, head="left,right,same,fold").pairs("smoke")
    assert np.array_equal(pairs.fold, [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("rows", "head", "says"),
    [
        (["a.jpg,b.jpg,1"], "left,right,same", "two usable pairs of each kind"),
        (["a.jpg,gone.jpg,1"] * 3, "left,right,same", "3 pairs of images that are not there"),
        (["a.jpg,b.jpg,maybe"], "left,right,same", "line 2: same is 'maybe'"),
        (["a.jpg,b.jpg,1,x"], "left,right,same,fold", "line 2: fold is 'x'"),
        (["a.jpg,b.jpg"], "left,right", "no column 'same'"),
    ],
)
def test_pairs_that_cannot_be_meant_are_one_line(tmp_path, rows, head, says):
    make(tmp_path, "a.jpg", "b.jpg")
    with pytest.raises(DataError, match=says):
        write_pairs(tmp_path, *rows, head=head).pairs("full")


def test_without_pairs_there_is_no_verification(tmp_path):
    assert Folder(make(tmp_path, "a.jpg", "b.jpg")).pairs("full") is None


def test_a_changed_list_is_another_manifest(tmp_path):
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    cache = tmp_path.parent / "cache"
    (tmp_path / "queries.csv").write_text("query,original\na.jpg,b.jpg\n")
    before = build_manifest(Folder(tmp_path), "full", cache).hash
    (tmp_path / "queries.csv").write_text("query,original\na.jpg,c.jpg\n")
    assert build_manifest(Folder(tmp_path), "full", cache).hash != before
