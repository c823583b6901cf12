import os

import pytest
from pictures import encode, noise, write_jpeg

from datasets.errors import DataError, UnknownNameError
from datasets.folder import Folder


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "holiday"
    for label, count in {"beach": 4, "peak": 2, "once": 1}.items():
        for number in range(count):
            write_jpeg(root / label / f"{number}.jpg", number)
    return root


def ids(dataset: Folder) -> list[str]:
    return [item.id for item in dataset.items()]


def test_folders_are_labels(root):
    dataset = Folder(root)
    assert ids(dataset) == [
        "beach/0.jpg",
        "beach/1.jpg",
        "beach/2.jpg",
        "beach/3.jpg",
        "once/0.jpg",
        "peak/0.jpg",
        "peak/1.jpg",
    ]
    assert {item.label for item in dataset.items()} == {"beach", "once", "peak"}
    assert (dataset.name, dataset.title) == ("folder", "folder:holiday")
    assert dataset.completeness() == "7 images of 3 labels"
    assert dataset.imageset(dataset.items())[0].shape == (8, 12, 3)


@pytest.mark.parametrize("subset", ["smoke", "standard", "full"])
def test_a_label_with_one_image_is_no_positive(root, subset):
    split = Folder(root).split(subset)
    assert sum(item.label == "beach" for item in split.queries) == 1
    assert sum(item.label == "peak" for item in split.queries) == 1
    assert sum(item.label == "once" for item in (*split.gallery, *split.queries)) == 1


def test_images_may_lie_deeper(root):
    write_jpeg(root / "beach" / "2019" / "may" / "x.jpg", 1)
    assert ("beach/2019/may/x.jpg", "beach") in {(item.id, item.label) for item in Folder(root).items()}


def test_other_files_and_hidden_ones_are_passed_over(root):
    (root / "beach" / "notes.txt").write_text("sunny")
    (root / "beach" / "._0.jpg").write_bytes(b"x")
    write_jpeg(root / ".thumbnails" / "0.jpg", 1)
    assert len(ids(Folder(root))) == 7


def test_suffixes_of_any_case(root):
    (root / "peak" / "2.PNG").write_bytes(encode(noise(9)))
    assert "peak/2.PNG" in ids(Folder(root))


def test_odd_names_are_names(root):
    for name in ("a b", "ü", "q'uo\"te", "new\nline", "per%cent", "-rf", "日本"):
        write_jpeg(root / name / f"{name}.jpg", 1)
    dataset = Folder(root)
    assert {"a b/a b.jpg", "ü/ü.jpg", "new\\x0aline/new\\x0aline.jpg", "日本/日本.jpg"} <= set(ids(dataset))
    assert all(image.shape == (8, 12, 3) for image in dataset.imageset(dataset.items()))


def test_names_that_are_no_utf8_can_still_be_written_down(root):
    write_jpeg(root / os.fsdecode(b"caf\xe9") / "0.jpg", 1)
    dataset = Folder(root)
    assert "caf\\xe9/0.jpg" in ids(dataset)
    assert dataset.imageset(dataset.items())[4].shape == (8, 12, 3)


def test_links_are_followed_to_files_inside_only(root, tmp_path):
    write_jpeg(tmp_path / "private" / "id.jpg", 1)
    (root / "beach" / "inside.jpg").symlink_to(root / "peak" / "0.jpg")
    (root / "beach" / "outside.jpg").symlink_to(tmp_path / "private" / "id.jpg")
    (root / "beach" / "nowhere.jpg").symlink_to(root / "gone.jpg")
    (root / "beach" / "loop.jpg").symlink_to(root / "beach" / "loop.jpg")
    (root / "private").symlink_to(tmp_path / "private")
    dataset = Folder(root)
    assert [id for id in ids(dataset) if not id[-5].isdecimal()] == ["beach/inside.jpg"]
    assert dataset.completeness() == "8 images of 3 labels, 4 links ignored"


def test_images_without_a_label_folder_are_counted(root):
    write_jpeg(root / "stray.jpg", 1)
    assert Folder(root).completeness() == "7 images of 3 labels, 1 without a label folder ignored"


@pytest.mark.parametrize("subset", ["smoke", "standard", "full"])
def test_a_flat_folder_has_a_gallery_and_queries_that_nothing_answers(tmp_path, subset):
    for number in range(12):
        write_jpeg(tmp_path / f"{number}.jpg", number)
    dataset = Folder(tmp_path)
    assert not dataset.labelled
    assert dataset.completeness() == "12 images without labels"
    split = dataset.split(subset)
    assert (len(split.gallery), len(split.queries)) == (10, 2)
    assert {item.label for item in (*split.gallery, *split.queries)} == set(ids(dataset))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no images"):
        Folder(tmp_path).items()


@pytest.mark.parametrize("name", ["absent", "file.jpg"])
def test_what_is_no_folder_is_refused(tmp_path, name):
    write_jpeg(tmp_path / "file.jpg", 1)
    with pytest.raises(DataError, match=f"{name} is no folder"):
        Folder(tmp_path / name)


def test_labels_of_one_image_each_answer_nothing(tmp_path):
    for name in "abc":
        write_jpeg(tmp_path / name / "0.jpg", 1)
    split = Folder(tmp_path).split("full")
    assert (len(split.gallery), len(split.queries)) == (2, 1)
    assert Folder(tmp_path).completeness() == "3 images of 3 labels"


def test_a_single_image_leaves_nothing_to_search_for(tmp_path):
    write_jpeg(tmp_path / "0.jpg", 1)
    with pytest.raises(DataError, match="one image, so there is nothing to search for"):
        Folder(tmp_path).split("full")


def test_an_unknown_subset(root):
    with pytest.raises(UnknownNameError, match="unknown subset of folder:holiday 'ful': did you mean full"):
        Folder(root).split("ful")


def test_a_folder_whose_labels_are_links_says_why_it_holds_nothing(tmp_path):
    elsewhere = tmp_path / "elsewhere" / "cats"
    elsewhere.mkdir(parents=True)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "cats").symlink_to(elsewhere)
    with pytest.raises(DataError, match="1 label folder is a link, and links to folders are not followed"):
        Folder(tmp_path / "root").items()
