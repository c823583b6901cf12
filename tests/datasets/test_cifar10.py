import pickle
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from pictures import CLASS_NAMES, RECORD, cifar_records, make_cifar10

from datasets.cifar10 import Cifar10
from datasets.errors import DataError, ImageError, UnknownNameError


@pytest.fixture
def root(tmp_path):
    return make_cifar10(tmp_path / "cifar10")


def test_items_number_the_official_records(root):
    items = Cifar10(root).items()
    assert [item.id for item in (items[0], items[39], items[40], items[59])] == [
        "train/00000",
        "train/00039",
        "test/00000",
        "test/00019",
    ]
    assert [item.label for item in items[:11]] == [*CLASS_NAMES, "airplane"]


def test_numbers_do_not_depend_on_which_batches_are_here(root):
    (root / "cifar-10-batches-bin" / "data_batch_3.bin").write_bytes(cifar_records(5, seed=3))
    dataset = Cifar10(root)
    assert [item.id for item in dataset.items()][40:42] == ["train/20000", "train/20001"]
    assert dataset.read("train/20001") == cifar_records(5, seed=3)[RECORD + 1 : 2 * RECORD]


def test_pixels_are_planes_of_red_green_and_blue(root):
    pixels = bytes([10]) * 1024 + bytes([20]) * 1024 + bytes([30]) * 1023 + bytes([31])
    path = root / "cifar-10-batches-bin" / "data_batch_1.bin"
    path.write_bytes(bytes([7]) + pixels)
    dataset = Cifar10(root)
    image = dataset.imageset(dataset.items())[0]
    assert (image.shape, image.dtype) == ((32, 32, 3), np.uint8)
    np.testing.assert_array_equal(image[0, 0], (10, 20, 30))
    np.testing.assert_array_equal(image[31, 31], (10, 20, 31))
    assert dataset.items()[0].label == "horse"


def test_the_gallery_is_training_and_the_queries_are_test_records(root):
    for subset in ("smoke", "standard", "full"):
        split = Cifar10(root).split(subset)
        assert {item.id.split("/")[0] for item in split.gallery} == {"train"}
        assert {item.id.split("/")[0] for item in split.queries} == {"test"}


def test_smoke_is_balanced(tmp_path):
    split = Cifar10(make_cifar10(tmp_path, train=400, test=200)).split("smoke")
    assert Counter(item.label for item in split.gallery) == dict.fromkeys(CLASS_NAMES, 15)
    assert Counter(item.label for item in split.queries) == dict.fromkeys(CLASS_NAMES, 5)


def test_a_batch_cut_inside_a_record_is_refused(root):
    path = root / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"test_batch\.bin: 61,360 bytes end 2,973 bytes into record 19 .*58,387 bytes"):
        Cifar10(root)


def test_a_batch_cut_between_records_is_what_it_is(root):
    path = root / "cifar-10-batches-bin" / "data_batch_1.bin"
    path.write_bytes(path.read_bytes()[: 7 * RECORD])
    assert Cifar10(root).completeness() == "7 of 50,000 training and 20 of 10,000 test images"


@pytest.mark.parametrize("name", ["data_batch_1.bin", "test_batch.bin", "batches.meta.txt"])
def test_an_absent_file_is_named(root, name):
    (root / "cifar-10-batches-bin" / name).unlink()
    with pytest.raises(DataError, match=name):
        Cifar10(root)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("data_batch_1.bin", b"", "holds 0 records"),
        ("data_batch_1.bin", bytes(10_001 * RECORD), "holds 10,001 records"),
        ("batches.meta.txt", b"cat\ndog\n", "names 2 classes instead of 10"),
    ],
)
def test_malformed_files_are_refused(root, name, content, complaint):
    (root / "cifar-10-batches-bin" / name).write_bytes(content)
    with pytest.raises(DataError, match=complaint):
        Cifar10(root)


def test_a_label_beyond_the_classes_is_refused(root):
    (root / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(bytes([200]) * RECORD)
    with pytest.raises(DataError, match="record 0 has label 200"):
        Cifar10(root).items()


@pytest.mark.parametrize("id", ["train/00040", "test/99999", "train/-1", "train/x", "nothing", "valid/00000", "train/"])
def test_unknown_records_are_named(root, id):
    with pytest.raises(ImageError, match=f"{id}: no such record"):
        Cifar10(root).read(id)


def test_a_record_of_the_wrong_length_is_no_image(root):
    with pytest.raises(ImageError, match="train/00000: 3071 bytes"):
        Cifar10(root).decode(bytes(3071), "train/00000")


def test_an_unknown_subset(root):
    with pytest.raises(UnknownNameError, match="did you mean smoke"):
        Cifar10(root).split("smok")


def test_pickles_are_small_and_read_the_same(root):
    dataset = Cifar10(root)
    record = dataset.read("train/00011")
    copy = pickle.dumps(dataset)
    assert len(copy) < 20 * RECORD
    assert pickle.loads(copy).read("train/00011") == record


FORKS = """
import os, sys
from pathlib import Path
from datasets.cifar10 import Cifar10

dataset = Cifar10(Path(sys.argv[1]))
record = dataset.read("test/00003")
child = os.fork()
if child == 0:
    os._exit(7 if dataset.read("test/00003") == record else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_reading_goes_on_after_a_fork(root):
    # In a process of its own: this one has threads of other tests' libraries, which a fork may not carry over.
    assert subprocess.run([sys.executable, "-c", FORKS, str(root)], timeout=60, check=False).returncode == 7


class TestRealImages:
    @pytest.fixture(scope="class")
    def cifar10(self, data_dir):
        return Cifar10(data_dir / "cifar10")

    def test_standard(self, cifar10):
        split = cifar10.split("standard")
        assert (len(split.gallery), len(split.queries)) == (4000, 500)
        assert Counter(item.label for item in split.queries) == dict.fromkeys(CLASS_NAMES, 50)

    def test_nearest_pixels_are_right_as_often_as_is_known(self, cifar10):
        """Scrambled planes, shifted records or mixed-up labels would bring this to chance, 0.1."""
        split = cifar10.split("standard")
        gallery, queries = (cifar10.imageset(part) for part in (split.gallery, split.queries))
        rows, wanted = (
            np.stack(list(images)).reshape(len(images), -1).astype(np.float32) for images in (gallery, queries)
        )
        nearest = np.argmin((rows**2).sum(axis=1) - 2 * wanted @ rows.T, axis=1)
        assert 0.2 < np.mean(gallery.labels[nearest] == queries.labels) < 0.3
