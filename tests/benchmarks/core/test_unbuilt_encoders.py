"""For answers that are not timed an encoder is built where rows are missing, and not where all are stored."""

import numpy as np
import pytest

from benchmarks.core.tasking.context import CellContext
from benchmarks.protocol import TIMING
from datasets.imageset import ImageSet, Item
from methods.answers import AnswerError
from methods.building import Surroundings
from methods.indexes.exact import ExactIndex
from methods.spec import MethodSpec, Part


class Grey:
    """Images of one grey level, their number."""

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.full((2, 2, 3), int(data), dtype=np.uint8)


class Level:
    """The grey level; every object that is made is counted."""

    batch_size = 4
    made = 0

    def __init__(self):
        type(self).made += 1

    def encode(self, images):
        return np.array([[image[0, 0, 0]] for image in images], dtype=np.float32)


class Nothing(Level):
    def encode(self, images):
        return np.empty((0, 1), dtype=np.float32)


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch):
    monkeypatch.setattr(Level, "made", 0)


@pytest.fixture
def gallery():
    return ImageSet([Item(str(n), "label") for n in range(6)], Grey(), [f"{n:064x}" for n in range(6)])


def context(folder, encoder=Level):
    spec = MethodSpec(id="level", family="pixels", summary="", source="", encoder=Part(encoder), index=Part(ExactIndex))
    return CellContext(spec, Surroundings(), folder / "key", folder, TIMING["smoke"])


def first_hits(method, gallery):
    method.fit(gallery)
    method.index(gallery)
    return method.search(gallery, 1).ids[:, 0].tolist()


def test_an_encoder_is_built_for_rows_that_are_not_stored_and_for_no_others(tmp_path, gallery):
    cold = context(tmp_path).build_to_answer()
    assert Level.made == 0
    assert first_hits(cold, gallery) == list(range(6))
    assert Level.made == 1
    assert first_hits(context(tmp_path).build_to_answer(), gallery) == list(range(6))
    assert Level.made == 1


def test_a_damaged_row_is_made_again(tmp_path, gallery):
    first_hits(context(tmp_path).build_to_answer(), gallery)
    (shard,) = (tmp_path / "key").glob("shard-*.npz")
    shard.write_bytes(shard.read_bytes()[:-40])
    assert first_hits(context(tmp_path).build_to_answer(), gallery) == list(range(6))
    assert Level.made == 2


def test_a_method_that_is_timed_has_its_encoder_at_once(tmp_path):
    assert isinstance(context(tmp_path).build(context(tmp_path).embed()).encoder, Level)


def test_a_message_names_the_encoder_itself(tmp_path, gallery):
    with pytest.raises(AnswerError, match="^Nothing"):
        first_hits(context(tmp_path, Nothing).build_to_answer(), gallery)
