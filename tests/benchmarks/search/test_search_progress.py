"""A search without a terminal says now and then what it is about, and where it is asked for JSON nothing."""

import io
import time

import numpy as np

from benchmarks.cli.search import PlainLines, progress
from benchmarks.search import row_store
from benchmarks.search.row_store import RowStore
from benchmarks.system.terminal import Console
from methods.indexes.exact import ExactIndex
from methods.memory import let_go


def test_a_log_hears_what_is_done_and_how_much_of_it():
    said = []

    def hears(beginning):
        deadline = time.monotonic() + 60
        while not any(line.startswith(beginning) for line in said) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert any(line.startswith(beginning) for line in said), said

    with PlainLines(said.append, every=0.02) as advance:
        hears("opening the method and the gallery, for")
        advance("encoding", 3, 12)
        hears("encoding: 3 of 12 (25%, about")
        advance("looking for images", 7, None)
        hears("looking for images: 7")
    count = len(said)
    time.sleep(0.05)
    assert len(said) == count


def test_json_is_not_disturbed_and_short_work_is_silent():
    for quiet in (True, False):
        console = Console(file=io.StringIO(), width=80)
        with progress(console, quiet=quiet) as advance:
            advance("encoding", 1, 2)
        assert console.file.getvalue() == ""


def test_many_rows_are_mapped_and_the_same(tmp_path, monkeypatch):
    rows = np.random.default_rng(0).standard_normal((500, 16), dtype=np.float32)
    contents = [bytes([number % 256, number // 256]) * 16 for number in range(500)]
    store = RowStore(tmp_path)
    store.append(contents[:300], rows[:300])
    store.append(contents[300:], rows[300:])
    order = np.random.default_rng(1).permutation(500)
    asked = [contents[place] for place in order]
    plain = store.gather(asked)
    monkeypatch.setattr(row_store, "MAPPED", 1)
    monkeypatch.setattr(row_store, "_BLOCK", 1000)
    mapped = store.gather(asked)
    assert isinstance(mapped, np.memmap) and not isinstance(plain, np.memmap)
    assert not [path for path in tmp_path.iterdir() if path.suffix not in (".npy", "")]
    let_go(mapped)
    assert np.array_equal(mapped, rows[order]) and np.array_equal(plain, mapped)


def test_letting_go_leaves_arrays_that_can_be_written_alone():
    rows = np.ones((4, 4), dtype=np.float32)
    let_go(rows)
    frozen = rows[1:]
    frozen.flags.writeable = False
    let_go(frozen)
    assert rows.all() and frozen.all()


def test_an_index_made_ready_in_blocks_is_the_same_bit_for_bit(monkeypatch):
    from methods.indexes import exact

    rows = np.random.default_rng(2).standard_normal((257, 33), dtype=np.float32)
    for metric in ("l2", "cosine"):
        whole, blocks = ExactIndex(metric), ExactIndex(metric)
        whole.add(rows)
        with monkeypatch.context() as patch:
            patch.setattr(exact, "BLOCK", 33 * 10)
            blocks.add(rows)
        assert np.array_equal(whole._vectors, blocks._vectors)
        assert np.array_equal(whole._norms, blocks._norms)
