"""Rows on disk: each content once, whatever interrupts, and never a half shard."""

import numpy as np
import pytest

from benchmarks.search import row_store
from benchmarks.search.row_store import RowStore
from benchmarks.system import sealed_arrays
from methods.memory import TooLargeError


def digests(numbers) -> list[bytes]:
    return [bytes([number]) * 32 for number in numbers]


def rows(numbers, dtype=np.float32) -> np.ndarray:
    return np.array([[number, number + 100] for number in numbers], dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_rows_come_back_in_the_order_asked(tmp_path, dtype):
    RowStore(tmp_path).append(digests([1, 2, 3]), rows([1, 2, 3], dtype))
    found = RowStore(tmp_path).gather(digests([3, 1, 1]))
    assert found.dtype == dtype
    assert found[:, 0].tolist() == [3, 1, 1]


def test_small_shards_are_merged_and_large_ones_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr(row_store, "SHARD_ROWS", 5)
    store = RowStore(tmp_path)
    for numbers in ([1, 2], [3, 4], [5, 6], [7]):
        store.append(digests(numbers), rows(numbers))
    assert len(list(tmp_path.glob("rows-*.npy"))) == 2
    for opened in (store, RowStore(tmp_path)):
        assert len(opened) == 7
        assert opened.gather(digests(range(1, 8)))[:, 0].tolist() == list(range(1, 8))


def test_shards_are_mapped_and_hold_no_objects(tmp_path):
    RowStore(tmp_path).append(digests([1]), rows([1]))
    (path,) = tmp_path.glob("rows-*.npy")
    shard = np.load(path, mmap_mode="r", allow_pickle=False)
    assert isinstance(shard, np.memmap)
    assert not shard.dtype.hasobject


def test_a_damaged_shard_is_named_and_its_rows_are_made_again(tmp_path, caplog):
    (tmp_path / "rows-00000.npy").write_bytes(b"\x93NUMPY half of it")
    store = RowStore(tmp_path)
    assert "stored file damaged" in caplog.text and "rows-00000.npy" in caplog.text
    assert len(store) == 0
    store.append(digests([1]), rows([1]))
    assert RowStore(tmp_path).gather(digests([1])).tolist() == rows([1]).tolist()


def test_no_byte_of_a_shard_can_change_unseen(tmp_path, caplog):
    RowStore(tmp_path).append(digests([1, 2]), rows([1, 2]))
    (path,) = tmp_path.glob("rows-*.npy")
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        store = RowStore(tmp_path)
        assert len(store) == 0 and not path.exists(), at
    assert "rows-00000-crc.npy (its checksum differs)" in caplog.text


@pytest.mark.parametrize("size", [1, 19, 20, 21, 60])
def test_a_shard_that_lacks_its_end(tmp_path, size):
    RowStore(tmp_path).append(digests([1, 2]), rows([1, 2]))
    (path,) = tmp_path.glob("rows-*.npy")
    path.write_bytes(path.read_bytes()[:-size])
    assert len(RowStore(tmp_path)) == 0


def test_a_shard_of_an_older_version_is_read(tmp_path):
    RowStore(tmp_path).append(digests([1]), rows([1]))
    (path,) = tmp_path.glob("rows-*.npy")
    np.save(tmp_path / "rows-00000.npy", np.load(path), allow_pickle=False)
    path.unlink()
    store = RowStore(tmp_path)
    assert len(store) == 1
    store.append(digests([2]), rows([2]))
    assert len(RowStore(tmp_path)) == 2


def test_a_writer_takes_up_what_another_wrote_before(tmp_path):
    one, other = RowStore(tmp_path), RowStore(tmp_path)
    with one.writing():
        one.append(digests([1]), rows([1]))
    with other.writing():
        assert digests([1])[0] in other
        other.append(digests([2]), rows([2]))
    assert RowStore(tmp_path).gather(digests([1, 2]))[:, 0].tolist() == [1, 2]


def test_rows_that_would_not_fit_are_refused(tmp_path, monkeypatch):
    store = RowStore(tmp_path)
    store.append(digests(range(10)), rows(range(10)))
    monkeypatch.setattr("methods.memory.machine_bytes", lambda: 100)
    with pytest.raises(TooLargeError, match="10 rows of 2 numbers"):
        store.gather(digests(range(10)))


def test_rows_of_another_encoder_are_told_and_made_again(tmp_path, caplog):
    for encoder, first in (("one", 1), ("other", 7)):
        RowStore(tmp_path / encoder).append(digests([1, 2]), rows([first, 2]))
    (one,), (other,) = ((tmp_path / encoder).glob("rows-*.npy") for encoder in ("one", "other"))
    one.write_bytes(other.read_bytes())
    assert len(RowStore(tmp_path / "one")) == 0
    assert f"{one} (its checksum differs)" in caplog.text


def test_rows_of_a_version_that_did_not_say_whose_they_are_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed_arrays, "_WORD", sealed_arrays._OLD_WORD)
    whole = sealed_arrays._checksum
    monkeypatch.setattr(sealed_arrays, "_checksum", lambda path, encoder, without=0: whole(path, "", without))
    RowStore(tmp_path).append(digests([1]), rows([1]))
    monkeypatch.undo()
    assert len(RowStore(tmp_path)) == 1
