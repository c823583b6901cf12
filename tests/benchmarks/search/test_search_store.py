"""`search --store`: the same answers, from a vector store that follows the gallery."""

import json

import pytest
from PIL import Image
from search_support import cli, fill, opened

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from benchmarks.search.indexing import row_key
from benchmarks.search.vector_store.store import open_store
from methods.registry import load_registry


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("stored")
    fill(root / "photos", 25, labels=5)
    with Image.open(root / "photos" / "label3" / "003.png") as picture:
        picture.save(root / "query.jpg", quality=90)
    return root


def answer(place, method, *arguments):
    done = cli("search", "query.jpg", "-g", "photos", "-m", method, "-k", "4", "--json", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)[0]["answers"][0]


def paths(found):
    return [hit["path"] for hit in found["hits"]]


def scores(found):
    return [hit["score"] for hit in found["hits"]]


@pytest.mark.parametrize("method", ["pixels", "hog"])
def test_the_answers_are_those_of_a_search_in_memory(place, method):
    in_memory, stored = answer(place, method), answer(place, method, "--store", "kept.db")
    assert paths(stored) == paths(in_memory)
    assert [hit["score"] for hit in stored["hits"]] == pytest.approx(
        [hit["score"] for hit in in_memory["hits"]], abs=1e-3
    )
    assert stored["verdict"] == "match"
    assert "searched in the vector store kept.db" in stored["notes"]
    assert not any("store" in note for note in in_memory["notes"])


def test_the_store_follows_the_folder(place):
    found = answer(place, "pixels", "--store", "follows.db")
    (place / "photos" / found["hits"][1]["path"]).unlink()
    fill(place / "more", 26)
    (place / "more" / "025.png").rename(place / "photos" / "label0" / "new.png")
    again = answer(place, "pixels", "--store", "follows.db")
    assert found["hits"][1]["path"] not in paths(again)
    gallery = opened(place / "photos", place / "index", "pixels").gallery
    collection = "pixels__" + gallery.key.replace("-", "_")
    key = row_key(load_registry().get("pixels"), None)
    store = open_store(str(place / "follows.db"), collection, metric="l2", encoder=key)
    assert store.count() == len(gallery) == 25
    store.close()


@pytest.mark.parametrize(
    ("method", "says"),
    [("phash", "not by hamming"), ("sift", "no rows for a vector store"), ("eigenfaces", "transforms")],
)
def test_methods_without_such_rows_are_refused_in_one_line(place, method, says):
    done = cli("search", "photos/label3/003.png", "-g", "photos", "-m", method, "--store", "kept.db", cwd=place)
    assert done.returncode == 2
    (line,) = done.stderr.decode().strip().splitlines()
    assert says in line
