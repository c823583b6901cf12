"""Embeddings are computed once per image content, whatever subset or task asks, and survive an interruption."""

import numpy as np
import pytest

from benchmarks import embeddings
from benchmarks.embeddings import EmbeddingStore
from datasets.imageset import ImageSet, Item
from methods.memory import TooLargeError


class Numbers:
    """Images whose pixels are their number."""

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.full((2, 2, 3), int(data), dtype=np.uint8)


class Counting:
    batch_size = 3

    def __init__(self, fail_at=None):
        self.seen = []
        self.fail_at = fail_at

    def encode(self, images):
        values = [int(image[0, 0, 0]) for image in images]
        if self.fail_at in values:
            raise RuntimeError("interrupted")
        self.seen += values
        return np.array([[value, value / 2] for value in values], dtype=np.float32)


def images(numbers):
    return ImageSet([Item(str(n), "x") for n in numbers], Numbers(), [f"digest{n}" for n in numbers])


def test_each_content_is_encoded_once(tmp_path):
    encoder = Counting()
    first = EmbeddingStore(tmp_path)(encoder, images([1, 2, 3, 2]))
    assert first[:, 0].tolist() == [1, 2, 3, 2]
    store = EmbeddingStore(tmp_path)
    assert store(encoder, images([3, 4, 1]))[:, 0].tolist() == [3, 4, 1]
    assert encoder.seen == [1, 2, 3, 4]
    assert store.computed == 1


def test_an_interrupted_pass_goes_on_after_its_last_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 4)
    with pytest.raises(RuntimeError):
        EmbeddingStore(tmp_path)(Counting(fail_at=9), images(range(12)))
    encoder = Counting()
    assert EmbeddingStore(tmp_path)(encoder, images(range(12)))[:, 0].tolist() == list(range(12))
    assert encoder.seen == list(range(8, 12))


def test_images_without_digests_are_never_stored(tmp_path):
    encoder = Counting()
    plain = ImageSet([Item("5", "x")], Numbers())
    for _ in range(2):
        assert EmbeddingStore(tmp_path / "never")(encoder, plain).tolist() == [[5, 2.5]]
    assert encoder.seen == [5, 5]
    assert not (tmp_path / "never").exists()


def test_stand_in_rows_have_the_encoders_shape():
    rows = embeddings.stand_in_rows(Counting(), images(range(5)))
    assert rows.shape == (5, 2)
    assert rows.dtype == np.float32


def test_rows_are_gathered_from_several_shards_in_the_order_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 4)
    EmbeddingStore(tmp_path)(Counting(), images(range(10)))
    asked = [9, 0, 5, 5, 3, 8]
    assert EmbeddingStore(tmp_path)(Counting(fail_at=0), images(asked))[:, 0].tolist() == asked


def test_rows_that_would_not_fit_are_refused_with_the_figure(tmp_path, monkeypatch):
    EmbeddingStore(tmp_path)(Counting(), images(range(10)))
    monkeypatch.setattr("methods.memory.machine_bytes", lambda: 100)
    with pytest.raises(TooLargeError, match="10 rows of 2 numbers"):
        EmbeddingStore(tmp_path)(Counting(), images(range(10)))
