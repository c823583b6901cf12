"""Rows that a search keeps are the encoder's answers: checked, and nobody else's afterwards."""

import numpy as np
import pytest
from search_support import fill

from benchmarks.search.encoding import encode_missing, rows_of
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.row_store import RowStore
from methods.answers import AnswerError


class Means:
    """Mean colours, as `spoil` makes them."""

    batch_size = 4

    def __init__(self, spoil=lambda rows: rows):
        self.spoil = spoil

    def encode(self, images):
        return self.spoil(np.array([image.mean(axis=(0, 1)) for image in images], dtype=np.float32))


class OneArray(Means):
    """Fills the same array at each call, as fast code does."""

    def __init__(self):
        super().__init__()
        self.array = np.zeros((self.batch_size, 3), dtype=np.float32)

    def encode(self, images):
        self.array[: len(images)] = super().encode(images)
        return self.array[: len(images)]


@pytest.fixture
def gallery(tmp_path):
    opened = FolderGallery(fill(tmp_path / "photos", 11), tmp_path / "index")
    opened.update()
    return opened


def stored(gallery, encoder, folder):
    store = RowStore(folder)
    encode_missing(encoder, gallery, store, lambda *told: None)
    return store.gather(content for _, content in gallery.entries())


def test_an_encoder_may_fill_the_same_array_again(gallery, tmp_path):
    assert np.array_equal(stored(gallery, OneArray(), tmp_path / "one"), stored(gallery, Means(), tmp_path / "means"))
    encoder, images = OneArray(), [np.full((9, 9, 3), value, np.uint8) for value in (10, 200)]
    first = rows_of(encoder, images[:1])
    rows_of(encoder, images[1:])
    assert first[0, 0] == 10


SPOILT = {
    "one row for all": (lambda rows: rows[:1], "expected \\(n, d\\)"),
    "no rows": (lambda rows: rows[:, :0], "expected \\(n, d\\)"),
    "float64": (lambda rows: rows.astype(np.float64), "expected an array of float32 or uint8"),
    "a list": (lambda rows: rows.tolist(), "expected an array of float32 or uint8"),
    "infinite": (lambda rows: rows * np.float32(np.inf), "NaN or infinite"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_are_no_rows_of_these_images_is_refused_and_not_kept(gallery, tmp_path, spoilt):
    """One row for all would be every picture's."""
    spoil, says = SPOILT[spoilt]
    with pytest.raises(AnswerError, match=says):
        stored(gallery, Means(spoil), tmp_path / "rows")
    assert len(RowStore(tmp_path / "rows")) == 0
