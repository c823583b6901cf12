"""Milvus behind the Index contract: exact where it says so, gone when it is dropped, the property of one process."""

import gc
import multiprocessing
import os
import subprocess
import sys
import tempfile

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from methods.conformance import check
from methods.encoders.pixels import Pixels
from methods.indexes.exact import ExactIndex
from methods.indexes.milvus import MilvusIndex
from methods.milvus.connection import MilvusConnection, VectorStoreError
from methods.spec import MethodSpec
from methods.vector_method import VectorMethod

RNG = np.random.default_rng(5)
GALLERY = RNG.normal(size=(120, 16)).astype(np.float32)
QUERIES = RNG.normal(size=(9, 16)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path, monkeypatch):
    """Temporary stores of these tests lie where what is left behind can be seen."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def built(vectors=GALLERY, **settings):
    index = MilvusIndex(**settings)
    index.add(vectors)
    return index


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_flat_is_exact(metric):
    exact = ExactIndex(metric)
    exact.add(GALLERY)
    index = built(metric=metric)
    for k in (1, 10, 500):
        ids, scores = index.search(QUERIES, k)
        true_ids, true_scores = exact.search(QUERIES, k)
        assert ids.dtype == np.int32 and scores.dtype == np.float32
        assert np.array_equal(ids, true_ids)
        assert np.allclose(scores, true_scores, atol=1e-5)
    assert index.nbytes > GALLERY.nbytes


@pytest.mark.parametrize("metric", ["l2", "cosine"])
def test_a_method_around_it_conforms(metric):
    spec = MethodSpec(id="x", family="pixels", summary="", source="", tasks=("retrieval", "verification"))
    assert check(lambda: VectorMethod(Pixels(side=4), (), MilvusIndex(metric)), spec) == []


def test_hnsw_finds_the_nearest_row():
    ids, _ = built(index_type="HNSW").search(GALLERY, 5)
    assert np.mean(ids[:, 0] == np.arange(120)) > 0.95


def test_an_empty_gallery_and_one_of_duplicates():
    assert built(GALLERY[:0]).search(QUERIES, 5)[0].shape == (9, 0)
    ids, scores = built(np.repeat(GALLERY[:1], 8, axis=0)).search(GALLERY[:1], 8)
    assert ids.tolist() == [list(range(8))]
    assert np.ptp(scores) == 0


def test_nothing_is_left_when_it_is_closed_or_dropped(folder_of_its_own):
    closed, dropped = built(), built()
    assert len(list(folder_of_its_own.glob("ris-milvus-*"))) == 2
    closed.close()
    del dropped
    gc.collect()
    assert list(folder_of_its_own.iterdir()) == []


def test_what_a_killed_process_left_is_removed(folder_of_its_own):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, others = folder_of_its_own / f"ris-milvus-{gone.pid}-x", folder_of_its_own / f"ris-milvus-{os.getppid()}-x"
    left.mkdir()
    others.mkdir()
    built().close()
    assert not left.exists()
    assert others.exists()


FORKS = """
import gc, os, sys
import numpy as np
from methods.indexes.milvus import MilvusIndex
from methods.milvus.connection import VectorStoreError

index = MilvusIndex()
index.add(np.eye(4, dtype=np.float32))
child = os.fork()
if child == 0:
    refused = False
    try:
        index.search(np.eye(4, dtype=np.float32), 3)
    except VectorStoreError:
        refused = True
    del index
    gc.collect()
    os._exit(7 if refused else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), index.search(np.eye(4, dtype=np.float32), 3)[0].shape)
"""


def test_a_forked_child_can_neither_use_nor_delete_it():
    # In a process of its own: what other tests left for the collector, a forked child cannot always take down.
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split(maxsplit=1) == ["7", "(4, 3)\n"]
    assert "fork() handlers" not in done.stderr


def test_what_cannot_be_opened_is_said_in_one_line(tmp_path):
    (tmp_path / "file.db").write_text("no store")
    for uri, says in {
        str(tmp_path / "file.db"): "is a file",
        str(tmp_path / "no" / "such.db"): "no folder",
        "http://127.0.0.1:9": "cannot be reached",
        "gallery": "path ending in .db",
    }.items():
        with pytest.raises(VectorStoreError, match=says) as error:
            MilvusConnection(uri)
        assert "\n" not in str(error.value)


def test_connections_of_one_process_share_a_folder_until_the_last_is_closed(tmp_path):
    first, second = (MilvusConnection(str(tmp_path / "shared.db")) for _ in range(2))
    first.close()
    first.close()
    with pytest.raises(VectorStoreError, match="was closed"):
        _ = first.client
    assert second.client.list_collections() == []
    second.close()
    MilvusConnection(str(tmp_path / "shared.db")).close()


def test_settings_that_cannot_work_are_refused():
    with pytest.raises(ValueError, match="metric"):
        MilvusIndex("hamming")
    with pytest.raises(ValueError, match="use one of FLAT, HNSW"):
        MilvusIndex(index_type="FLATT")
    with pytest.raises(VectorStoreError, match="too long"):
        built(np.ones((1, 40_000), np.float32))


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(ImportError, match=r"pip install 'reverse-image-search-benchmark\[vectors\]'"):
        MilvusConnection()


def test_long_vectors_and_many_queries_go_in_several_calls(monkeypatch):
    whole = built().search(QUERIES, 7)
    monkeypatch.setattr("methods.milvus.collection.MESSAGE", 16 * 4 * 25)
    monkeypatch.setattr("methods.indexes.milvus.CHUNK", 120 * 16 * 4)
    parts = built().search(QUERIES, 7)
    assert np.array_equal(whole[0], parts[0])
    assert np.allclose(whole[1], parts[1])


def test_two_processes_do_not_share_one_store(tmp_path):
    store = MilvusConnection(str(tmp_path / "one.db"))
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        assert "another process" in pool.apply(_try_to_open, (store.uri,))
    store.close()


def _try_to_open(uri):
    try:
        MilvusConnection(uri)
    except VectorStoreError as error:
        return str(error)
    return "opened"
