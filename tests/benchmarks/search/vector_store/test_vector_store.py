"""A kept gallery: put in, replaced, taken out, found again by another process, and never mixed with another's."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from benchmarks.search.vector_store.kept_index import kept_index
from benchmarks.search.vector_store.milvus import MilvusStore
from benchmarks.search.vector_store.store import Match, open_store
from methods.indexes.exact import ExactIndex
from methods.milvus.connection import VectorStoreError
from methods.registry import load_registry

ROWS = np.float32([[1, 0, 0], [0, 1, 0], [0.8, 0.6, 0], [1, 0, 0]])
IDS = ["a/1.jpg", "b/é.jpg", "c/3.jpg", "a/0.jpg"]


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "gallery.db"), "faces", encoder="pixels")
    yield opened
    opened.close()


def ids(answers):
    return [[match.id for match in matches] for matches in answers]


def test_an_empty_store_finds_nothing(store):
    assert store.count() == 0
    assert store.search(ROWS[:2], 3) == [[], []]
    assert store.delete(["nobody"]) == 0
    assert list(store.ids()) == []
    store.upsert([], np.empty((0, 3), np.float32))
    assert store.count() == 0


def test_what_is_put_in_is_found_replaced_and_taken_out(store):
    store.upsert(IDS, ROWS, [{"label": id[0], "size": [2, 3]} for id in IDS])
    assert store.count() == 4
    (matches,) = store.search(ROWS[:1], 3)
    assert [match.id for match in matches] == ["a/0.jpg", "a/1.jpg", "c/3.jpg"]  # a tie, then the next
    assert matches[0] == Match("a/0.jpg", 1.0, {"label": "a", "size": [2, 3]})
    assert matches[2].score == pytest.approx(0.8)
    store.upsert(["a/0.jpg"], ROWS[1:2], [{"label": "moved"}])
    assert store.count() == 4
    assert ids(store.search(ROWS[:2], 9)) == [
        ["a/1.jpg", "c/3.jpg", "a/0.jpg", "b/é.jpg"],
        ["a/0.jpg", "b/é.jpg", "c/3.jpg", "a/1.jpg"],
    ]
    assert sorted(store.ids()) == sorted(IDS)
    assert store.delete(["a/0.jpg", "nobody"]) == 1
    assert sorted(store.ids()) == sorted(IDS[:3])
    assert ids(store.search(ROWS[1:2], 1)) == [["b/é.jpg"]]


def test_euclidean_scores_are_minus_the_distance(tmp_path):
    store = open_store(str(tmp_path / "l2.db"), "faces", metric="l2")
    store.upsert(IDS, 5 * ROWS)
    (matches,) = store.search(5 * ROWS[:1], 4)
    assert [match.score for match in matches] == pytest.approx([0, 0, -np.sqrt(10), -np.sqrt(50)], rel=1e-5)
    store.close()


def test_another_process_finds_what_was_kept(store):
    store.upsert(IDS, ROWS)
    store.close()
    program = (
        "import sys; from benchmarks.search.vector_store.store import open_store; import numpy as np\n"
        "store = open_store(sys.argv[1], 'faces', encoder='pixels')\n"
        "print(store.count(), store.search(np.float32([[0, 1, 0]]), 1)[0][0].id)\n"
        "store.delete(['a/1.jpg']); store.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, store.uri], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["4", "b/é.jpg"], done.stderr
    assert done.stderr == ""
    again = open_store(store.uri, "faces", encoder="pixels")
    assert again.count() == 3
    again.close()


def test_vectors_of_another_kind_are_refused(store):
    store.upsert(IDS, ROWS)
    with pytest.raises(VectorStoreError, match="holds 3-d vectors, these are 2-d"):
        store.search(ROWS[:, :2].copy(), 1)
    with pytest.raises(VectorStoreError, match="without NaN"):
        store.upsert(["x"], np.float32([[np.nan, 0, 0]]))
    with pytest.raises(VectorStoreError, match="do not pair up"):
        store.upsert(["x"], ROWS)
    with pytest.raises(VectorStoreError, match="longer than"):
        store.upsert(["x" * 5000], ROWS[:1])
    store.close()
    for settings in ({"encoder": "hog"}, {"encoder": "pixels", "metric": "l2"}):
        with pytest.raises(VectorStoreError, match="holds cosine vectors of pixels"):
            open_store(store.uri, "faces", **settings)
    open_store(store.uri, "others", encoder="hog").close()


@pytest.mark.parametrize(
    ("collection", "metric", "says"), [("faces", "hamming", "not by hamming"), ("my faces", "l2", "no name")]
)
def test_what_milvus_cannot_do_is_refused_before_anything_is_opened(tmp_path, collection, metric, says):
    with pytest.raises(VectorStoreError, match=says):
        open_store(str(tmp_path / "x.db"), collection, metric=metric)
    assert list(tmp_path.iterdir()) == []


def test_many_long_vectors_go_in_several_calls(store, monkeypatch):
    monkeypatch.setattr("benchmarks.search.vector_store.milvus.PAGE", 99)
    rows = np.random.default_rng(0).normal(size=(700, 2048)).astype(np.float32)
    names = [f"{number:03d}" for number in range(700)]
    store.upsert(names, rows)
    assert store.count() == 700
    assert sorted(store.ids()) == names
    assert ids(store.search(rows[650:], 1)) == [[name] for name in names[650:]]


def test_a_kept_index_sends_what_is_new_and_takes_out_what_is_gone(tmp_path, monkeypatch):
    spec = load_registry().get("pixels")
    rows = np.random.default_rng(1).normal(size=(40, 12)).astype(np.float32)
    names = [f"{number}-digest" for number in range(40)]
    sent = []
    upsert = MilvusStore.upsert
    monkeypatch.setattr(
        MilvusStore, "upsert", lambda self, ids, *rest: sent.append(len(ids)) or upsert(self, ids, *rest)
    )
    for kept in (slice(0, 30), slice(10, 40), slice(10, 40)):
        index = kept_index(str(tmp_path / "kept.db"), spec, "key", "folder-photos", names[kept], "l2")
        index.add(rows[kept])
        exact = ExactIndex("l2")
        exact.add(rows[kept])
        ids, scores = index.search(rows[:5], 7)
        true_ids, true_scores = exact.search(rows[:5], 7)
        assert np.array_equal(ids, true_ids)
        assert np.allclose(scores, true_scores, atol=1e-4)
        assert index.search(rows[:5], 99)[0].shape == (5, 30)
        assert index.nbytes == rows[kept].nbytes
    assert sent == [30, 10, 0]
    with pytest.raises(VectorStoreError, match="vectors of key, not"):
        kept_index(str(tmp_path / "kept.db"), spec, "another key", "folder-photos", names, "l2")


def test_a_method_that_transforms_its_rows_cannot_be_kept(tmp_path):
    with pytest.raises(VectorStoreError, match="transforms its rows"):
        kept_index(str(tmp_path / "kept.db"), load_registry().get("eigenfaces"), "", "photos", [], "l2")
