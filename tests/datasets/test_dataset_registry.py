import subprocess
import sys

import pytest
from pictures import make_cifar10, make_lfw, write_jpeg

from datasets.errors import DataError, UnknownNameError
from datasets.folder import Folder
from datasets.lfw import Lfw
from datasets.registry import DATASETS, absolute, open_dataset, parse_dataset


def test_the_names():
    assert list(DATASETS) == ["lfw", "cifar10", "imdb-wiki"]


def test_what_is_there_is_opened(tmp_path):
    make_lfw(tmp_path / "lfw", {"Ann_Lee": 2})
    dataset = open_dataset("lfw", tmp_path)
    assert isinstance(dataset, Lfw)
    assert (dataset.synthetic, dataset.title) == (False, "lfw")


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("place", ["nowhere", "absent", "empty"])
def test_a_stand_in_takes_the_place_of_what_is_not_there(tmp_path, name, place):
    if place == "empty":
        (tmp_path / name).mkdir()
    dataset = open_dataset(name, None if place == "nowhere" else tmp_path)
    assert dataset.synthetic
    assert dataset.title == f"{name} (synthetic)"


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_there_but_broken_is_never_replaced(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "readme.txt").write_text("half an archive")
    with pytest.raises(DataError, match="unpack"):
        open_dataset(name, tmp_path)


def test_a_truncated_batch_is_never_replaced(tmp_path):
    make_cifar10(tmp_path / "cifar10")
    with (tmp_path / "cifar10" / "cifar-10-batches-bin" / "data_batch_1.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match=r"data_batch_1\.bin"):
        open_dataset("cifar10", tmp_path)


def test_a_data_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match="typo is no folder"):
        open_dataset("lfw", tmp_path / "typo")


def test_a_file_where_the_data_set_should_be_is_an_error(tmp_path):
    (tmp_path / "lfw").write_text("lfw.tgz, not unpacked")
    with pytest.raises(DataError, match="lfw cannot be read"):
        open_dataset("lfw", tmp_path)


def test_a_folder_is_opened_wherever_it_lies(tmp_path):
    write_jpeg(tmp_path / "a:b" / "x" / "0.jpg", 1)
    dataset = open_dataset(f"folder:{tmp_path / 'a:b'}", None)
    assert isinstance(dataset, Folder)
    assert dataset.title == "folder:a:b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lfw", ("lfw", None)),
        ("lfw:s3-1508", ("lfw", "s3-1508")),
        ("imdb-wiki:celebs-10", ("imdb-wiki", "celebs-10")),
        ("folder:/some/where", ("folder:/some/where", None)),
        ("folder:/some/where:smoke", ("folder:/some/where", "smoke")),
        ("folder:C:/pictures", ("folder:C:/pictures", None)),
    ],
)
def test_names_and_subsets(text, expected):
    assert parse_dataset(text) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("lwf", "unknown data set 'lwf': did you mean lfw"),
        ("cifar", "did you mean cifar10"),
        ("imagenet21k", "known: lfw, cifar10, imdb-wiki, folder:PATH"),
        ("lfw:standart", "unknown subset of lfw 'standart': did you mean standard"),
        ("cifar10:s3-1508", "known: smoke, standard, full"),
        ("lfw:", "unknown subset of lfw ''"),
        ("", "unknown data set ''"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(text, hint):
    with pytest.raises(UnknownNameError, match=hint):
        parse_dataset(text)


def test_opening_checks_the_name_first():
    with pytest.raises(UnknownNameError, match="did you mean cifar10"):
        open_dataset("cifar100", None)


def test_importing_the_registry_loads_nothing_heavy():
    code = (
        "import sys, datasets.registry, datasets.manifest; print(*{'PIL', 'scipy', 'cv2', 'pandas'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == []


def test_a_folder_can_be_named_to_a_process_that_works_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("folder:photos") == f"folder:{tmp_path}/photos"
    assert absolute(f"folder:{tmp_path}/photos") == f"folder:{tmp_path}/photos"
    assert absolute("lfw") == "lfw"
