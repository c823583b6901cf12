"""No file is passed over in silence: what is no image, what is linked and what this tool wrote is counted and said."""

import shutil

import pytest
from pictures import encode, noise, write_jpeg
from PIL import Image

from benchmarks.core.inventory import datasets
from datasets.decoding import HAS_HEIF, decode_image
from datasets.errors import DataError
from datasets.folder import Folder
from datasets.lfw import Lfw
from datasets.passed_over import PassedOver, is_output


@pytest.fixture
def root(tmp_path):
    for label in ("beach", "peak"):
        for number in range(5):
            write_jpeg(tmp_path / "holiday" / label / f"{number}.jpg", number)
    return tmp_path / "holiday"


@pytest.mark.parametrize(("suffix", "form"), [(".jfif", "JPEG"), (".avif", "AVIF"), (".JFIF", "JPEG")])
def test_more_kinds_of_image_are_read(root, suffix, form):
    data = encode(noise(3).resize((32, 24)), form)
    (root / "beach" / f"more{suffix}").write_bytes(data)
    dataset = Folder(root)
    assert f"beach/more{suffix}" in {item.id for item in dataset.items()}
    assert dataset.decode(dataset.read(f"beach/more{suffix}"), "x").shape == (24, 32, 3)


def test_files_of_other_kinds_are_counted_by_kind(root):
    for name in ("a.txt", "b.TXT", "film.mp4", "README", ".hidden", "ORIGIN.toml"):
        (root / "beach" / name).write_bytes(b"x")
    assert Folder(root).completeness() == (
        "10 images of 2 labels; 4 files passed over: 2 .txt, 1 without a suffix, 1 .mp4"
    )


@pytest.mark.skipif(HAS_HEIF, reason="pillow-heif is installed: HEIC is read")
@pytest.mark.parametrize("suffix", [".heic", ".HEIF", ".hif"])
def test_heic_says_what_is_needed(root, suffix):
    for number in range(7):
        (root / "beach" / f"{number}{suffix}").write_bytes(b"x")
    assert f"7 {suffix.lower()} (pillow-heif is needed" in Folder(root).completeness()


def test_lfw_counts_what_is_no_photo_of_its_names(tmp_path):
    people = tmp_path / "lfw" / "lfw"
    for number in (1, 2):
        write_jpeg(people / "Ann" / f"Ann_000{number}.jpg", number)
    for name in ("Ann_0003.jfif", "Ann_0004.heic", "Bob_0001.jpg"):
        (people / "Ann" / name).write_bytes(b"x")
    dataset = Lfw(tmp_path / "lfw")
    assert dataset.completeness() == "2 of 13,233 images"
    (phrase,) = dataset.ignored_files()
    assert phrase.startswith("3 files passed over: ")
    assert all(kind in phrase for kind in ("1 .jfif", "1 .heic", "1 .jpg"))
    (row,) = (row for row in datasets(tmp_path) if row["id"] == "lfw")
    assert row["here"] == f"2 of 13,233 images; {phrase}"


def test_a_folder_without_images_says_what_is_there(tmp_path):
    (tmp_path / "beach").mkdir()
    (tmp_path / "beach" / "a.mov").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds no images.*1 file passed over: 1 \.mov"):
        Folder(tmp_path).items()


def test_kinds_are_few_and_cannot_command_a_terminal():
    passed = PassedOver()
    for number in range(20):
        assert passed.takes_no_file(f"x.k{number:02d}")
    assert passed.takes_no_file("evil.\x1b[31m")
    (phrase,) = passed.words()
    assert "\x1b" not in phrase
    assert phrase.startswith("21 files passed over: ")
    assert phrase.endswith("15 of other kinds")


def output(folder):
    for name in ("cells", "cache", "runs", "pictures"):
        (folder / name).mkdir(parents=True)
    write_jpeg(folder / "cache" / "drawings" / "0.jpg", 1)
    write_jpeg(folder / "pictures" / "holiday-contact-sheet.jpg", 1)


def published(folder):
    folder.mkdir()
    (folder / "overview.csv").touch()
    (folder / "overview.md").touch()
    write_jpeg(folder / "x-contact-sheet.jpg", 1)


@pytest.mark.parametrize("write", [output, published])
@pytest.mark.parametrize("place", ["results", "beach/results"])
def test_output_of_this_tool_is_no_label(root, write, place):
    before = [item.id for item in Folder(root).items()]
    write(root / place)
    dataset = Folder(root)
    assert [item.id for item in dataset.items()] == before
    assert dataset.completeness() == f"10 images of 2 labels; left out as written by this tool: {place}"


def test_output_beside_the_labels_themselves_is_left_out(root):
    before = [item.id for item in Folder(root).items()]
    output(root)
    for name in ("lfw-smoke-contact-sheet", "lfw-smoke-unseen-classes", "lfw-smoke-identification-det"):
        Image.new("RGB", (9, 9)).save(root / f"{name}.png")
    dataset = Folder(root)
    assert [item.id for item in dataset.items()] == before
    said = (
        "written by this tool: cache, cells, lfw-smoke-contact-sheet.png, lfw-smoke-identification-det.png, lfw-smoke"
    )
    assert said in dataset.completeness()


def test_labels_of_such_names_stay_labels(root):
    shutil.copytree(root / "beach", root / "cells")
    shutil.copytree(root / "beach", root / "runs")
    assert not is_output(root)
    assert {item.label for item in Folder(root).items()} == {"beach", "peak", "cells", "runs"}


@pytest.mark.skipif(not HAS_HEIF, reason="needs pillow-heif")
def test_heic_is_read_where_it_can_be():
    assert decode_image(encode(noise(3).resize((32, 24)), "HEIF"), "x").shape == (24, 32, 3)
