"""Embeddings are computed once per image content, whatever subset or task asks, and survive an interruption."""

import logging
import os
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.core import embeddings
from benchmarks.core.embeddings import EmbeddingStore
from benchmarks.core.tasking import encoding
from benchmarks.core.tasking.encoding import encode_apart, share_out
from datasets.errors import BenchmarkError
from datasets.imageset import ImageSet, Item
from methods.answers import AnswerError
from methods.indexes.exact import ExactIndex
from methods.memory import TooLargeError
from methods.vector_method import VectorMethod


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


def test_rows_that_would_not_fit_are_refused_before_the_others_are_encoded(tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 4)
    monkeypatch.setattr(
        "methods.memory.machine_bytes", lambda: 200
    )  # 40% of which hold the rows of a shard twice, and no more
    encoder = Counting()
    with pytest.raises(TooLargeError, match="10 rows of 2 numbers"):
        EmbeddingStore(tmp_path)(encoder, images(range(10)))
    assert encoder.seen == [0, 1, 2, 3]


def shards(folder):
    return sorted(folder.glob("shard-*.npz"))


def rewritten(path, **changed):
    """The shard with other arrays, its zip intact; None leaves one out."""
    with np.load(path) as file:
        arrays = {**file, **changed}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def flipped(path, at):
    data = bytearray(path.read_bytes())
    data[at if at >= 0 else len(data) + at] ^= 0xFF
    path.write_bytes(data)


def told_to_be_larger(path):
    """Its header asks for more memory than any machine has, before a byte of it is read."""
    data = path.read_bytes()
    start = data.index(b"(4, 2)", data.index(b"rows.npy"))
    told = data.index(b"\n", start)
    path.write_bytes(data[:start] + b"(4, 1099511627776), }".ljust(told - start) + data[told:])


def of_another_encoder(path):
    """A shard of the same images and form that another encoder's folder holds, whole."""
    encoder = Counting()
    encoder.encode = lambda images: np.array([[9, 9]] * len(images), dtype=np.float32)
    with np.load(path) as file:
        numbers = [int(digest.removeprefix("digest")) for digest in file["digests"]]
    elsewhere = path.parent.parent / f"{path.parent.name}-other"
    EmbeddingStore(elsewhere)(encoder, images(numbers))
    path.write_bytes(next(elsewhere.glob("shard-*.npz")).read_bytes())


def middle_of_rows(path):
    return path.read_bytes().index(b"rows.npy") + 170


STRANGE = np.array([[7, 7, 7]] * 4, np.float32)
DAMAGE = {
    "absent": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "cut early": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "text": lambda path: path.write_text("no shard"),
    "first byte": lambda path: flipped(path, 0),
    "last byte but 10": lambda path: flipped(path, -10),
    "a byte of the rows": lambda path: flipped(path, middle_of_rows(path)),
    "one array alone": lambda path: np.save(path.open("wb"), STRANGE),
    "without digests": lambda path: rewritten(path, digests=None),
    "without rows": lambda path: rewritten(path, rows=None),
    "pickled": lambda path: rewritten(path, rows=np.array([None] * 4)),
    "fewer rows": lambda path: rewritten(path, rows=STRANGE[:3, :2]),
    "longer rows": lambda path: rewritten(path, rows=STRANGE),
    "longer rows of an older version": lambda path: rewritten(path, rows=STRANGE, checksum=None),
    "other type of an older version": lambda path: rewritten(path, rows=STRANGE[:, :2].astype("f8"), checksum=None),
    "other rows": lambda path: rewritten(path, rows=STRANGE[:, :2]),
    "flat rows": lambda path: rewritten(path, rows=STRANGE[:, 0], checksum=None),
    "two rows of one image": lambda path: rewritten(path, digests=np.array(["digest0"] * 4), checksum=None),
    "digests that are numbers": lambda path: rewritten(path, digests=np.arange(4), checksum=None),
    "told to be larger": told_to_be_larger,
    "of another encoder": of_another_encoder,
    "a named pipe": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "other checksum": lambda path: rewritten(path, checksum=np.array("0")),
}


@pytest.mark.parametrize("which", [[0], [1], [0, 2], [0, 1, 2]], ids=str)
@pytest.mark.parametrize("damage", DAMAGE)
def test_rows_that_are_lost_or_damaged_are_made_again(damage, which, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 4)
    asked = [9, 0, 5, 5, 3, 8, 11, 1, 2, 4, 6, 7, 10]
    cold = EmbeddingStore(tmp_path)(Counting(), images(asked))
    stored = shards(tmp_path)
    assert len(stored) == 3
    for number in which:
        DAMAGE[damage](stored[number])
    with caplog.at_level(logging.WARNING):
        again = EmbeddingStore(tmp_path)(Counting(), images(asked))
    assert again.dtype == cold.dtype
    np.testing.assert_array_equal(again, cold)
    named = [path.name for path in stored if path.name in caplog.text]
    assert named == [stored[number].name for number in which if damage != "absent"]
    np.testing.assert_array_equal(EmbeddingStore(tmp_path)(Counting(fail_at=0), images(asked)), cold)


def test_a_new_shard_takes_no_name_that_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(embeddings, "SHARD_ROWS", 4)
    EmbeddingStore(tmp_path)(Counting(), images(range(12)))
    kept = {path.name: path.read_bytes() for path in shards(tmp_path)[1:]}
    shards(tmp_path)[0].unlink()
    EmbeddingStore(tmp_path)(Counting(), images(range(20)))
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept
    assert len(shards(tmp_path)) == 5


def test_shards_of_an_older_version_are_used(tmp_path):
    EmbeddingStore(tmp_path)(Counting(), images(range(10)))
    rewritten(shards(tmp_path)[0], checksum=None)
    store, encoder = EmbeddingStore(tmp_path), Counting()
    assert store(encoder, images(range(10)))[:, 0].tolist() == list(range(10))
    assert (store.computed, encoder.seen) == (0, [0])  # one row, to see its form


def test_a_disk_that_keeps_nothing_gives_no_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(EmbeddingStore, "_save", lambda self, digests, rows: None)
    with pytest.raises(BenchmarkError, match="check the disk"):
        EmbeddingStore(tmp_path)(Counting(), images(range(3)))


def test_an_encoder_whose_rows_change_their_length_is_refused(tmp_path, monkeypatch):
    class Growing(Counting):
        def encode(self, images):
            return np.ones((len(images), 2 + len(self.seen)), np.float32) if super().encode(images) is not None else 0

    monkeypatch.setattr(embeddings, "SHARD_ROWS", 3)
    with pytest.raises(AnswerError, match="rows became float32 of 8, after float32 of 5"):
        EmbeddingStore(tmp_path)(Growing(), images(range(6)))


class Witnessed(Counting):
    """Leaves the number of each image that it encodes, and of the process that does."""

    batch_size = 2

    def __init__(self, folder, fail_at=None):
        super().__init__(fail_at)
        self._folder = folder

    def encode(self, images):
        rows = super().encode(images)
        for value in rows[:, 0]:
            (self._folder / f"{value:.0f}-{os.getpid()}").touch()
        return rows


@pytest.fixture
def shared_out(tmp_path, monkeypatch):
    """Has images encoded apart; returns by which processes each of them was: {number: [process, ...]}."""
    monkeypatch.setattr(encoding, "BLOCK", 2)
    monkeypatch.setattr(encoding, "WORTH", 2)
    seen = tmp_path / "seen"
    seen.mkdir()

    def encode(*sets, processes, fail_at=None, ask=encode_apart, requires=()):
        method = VectorMethod(Witnessed(seen, fail_at), (), ExactIndex())
        context = SimpleNamespace(
            trained=True,
            spec=SimpleNamespace(encoder=object(), requires=requires),
            embeddings=tmp_path / "rows",
            processes=processes,
            build=lambda embed: method,
        )
        ask(context, *sets)
        by = {}
        for number, _, process in (path.name.partition("-") for path in seen.iterdir()):
            by.setdefault(int(number), []).append(int(process))
        return by

    return encode


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_images_are_shared_out_among_processes(shared_out, tmp_path, processes):
    sets = images([*range(9), 3]), images(range(5, 14))
    by = shared_out(*sets, processes=processes)
    assert sorted(by) == list(range(14))
    assert all(len(set(those)) == 1 for number, those in by.items() if number not in range(5, 9))
    assert len({process for those in by.values() for process in those} - {os.getpid()}) == processes
    for each in sets:
        rows = EmbeddingStore(tmp_path / "rows")(Counting(fail_at=int(each.ids[0])), each)
        assert rows[:, 0].tolist() == [int(id) for id in each.ids]


def test_a_process_that_fails_costs_its_own_share_and_the_cell_meets_its_fault(shared_out, tmp_path):
    shared_out(images(range(8)), processes=2, fail_at=2)
    store = EmbeddingStore(tmp_path / "rows")
    assert store.missing(images(range(8))) == [2, 3, 6, 7]
    with pytest.raises(RuntimeError, match="interrupted"):
        store(Counting(fail_at=2), images(range(8)))


@pytest.mark.parametrize(("count", "requires"), [(3, ()), (9, ("keras",))])
def test_few_images_are_not_worth_a_second_process(shared_out, count, requires):
    assert shared_out(images(range(count)), processes=2, ask=share_out, requires=requires) == {}
    by = shared_out(images(range(count)), processes=2, requires=requires)
    assert len({process for those in by.values() for process in those}) == 1


def test_what_is_worth_it_is_shared_out_in_other_tasks_too(shared_out):
    by = shared_out(images(range(8)), processes=2, ask=share_out)
    assert sorted(by) == list(range(8))
