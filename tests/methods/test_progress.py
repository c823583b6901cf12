"""What one process says of its progress, another one reads; nobody pays where nobody asked."""

import numpy as np

from datasets.imageset import ImageSet, Item
from methods import progress


class Ten:
    """A source of grey images."""

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.zeros((2, 2, 3), dtype=np.uint8)


IMAGES = ImageSet([Item(str(number), "a") for number in range(10)], Ten(), [f"d{number}" for number in range(10)])


def test_every_decoded_image_is_counted(tmp_path):
    path = tmp_path / "progress"
    with progress.shown_in(path):
        assert progress.read(path) is None
        images = progress.watched(IMAGES, "images indexed")
        assert progress.read(path)[:3] == ("images indexed", 0, 10)
        list(images[:3])
        assert progress.read(path)[:3] == ("images indexed", 3, 10)
        list(images.take([4, 5]))
        assert progress.read(path)[:3] == ("images indexed", 5, 10)
        list(images)
        assert progress.read(path)[:3] == ("images indexed", 10, 10)  # read twice: still no more than there are
        assert images.digests == IMAGES.digests
    assert not path.exists()


def test_epochs_are_not_mixed_up_with_the_images_read_meanwhile(tmp_path):
    path = tmp_path / "progress"
    with progress.shown_in(path):
        images = progress.watched(IMAGES, "images learned from")
        progress.report("epochs trained", 3, 20)
        list(images)
        assert progress.read(path)[:3] == ("epochs trained", 3, 20)


def test_where_nobody_watches_the_images_are_the_same_object(tmp_path):
    assert progress.watched(IMAGES, "images indexed") is IMAGES
    progress.report("epochs trained", 1, 2)
    assert progress.read(tmp_path / "absent") is None


def test_a_damaged_file_is_no_progress(tmp_path):
    (tmp_path / "short").write_bytes(b"abc")
    assert progress.read(tmp_path / "short") is None


def test_the_rest_is_told_from_the_pace_since_the_work_began(tmp_path, monkeypatch):
    path = tmp_path / "progress"
    now = [1000.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    with progress.shown_in(path):
        progress.report("training", 0, 0)
        now[0] += 50
        images = progress.watched(IMAGES, "images encoded")
        assert progress.read(path).left is None  # nothing is done yet
        now[0] += 8
        list(images[:2])
        assert progress.read(path).left == 32
        list(images[2:])
        assert progress.read(path).left is None  # nothing is left
