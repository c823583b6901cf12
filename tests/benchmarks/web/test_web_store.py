"""`serve --store`: the page searches in a vector store, and answers as it does in memory."""

import pytest
from search_support import encoded, picture
from web_support import small_service

pytest.importorskip("fastapi")
pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from fastapi.testclient import TestClient

from benchmarks.web.app import create_app


def client_of(root, vector_store=None):
    root.mkdir()
    return TestClient(create_app(small_service(root, vector_store)), base_url="http://127.0.0.1:8000")


def answer(client, method):
    query = client.post("/api/queries", content=encoded(picture(3))).json()["query"]
    return client.post("/api/search", json={"query": query, "gallery": 0, "method": method, "k": 5})


def test_the_page_answers_from_the_store_as_from_memory(tmp_path):
    database = tmp_path / "kept.db"
    stored = answer(client_of(tmp_path / "stored", str(database)), "pixels").json()
    in_memory = answer(client_of(tmp_path / "in-memory"), "pixels").json()
    assert database.exists()
    assert [hit["path"] for hit in stored["hits"]] == [hit["path"] for hit in in_memory["hits"]]
    assert stored["hits"][0]["path"] == "003.png"


def test_a_method_without_rows_for_the_store_is_refused_with_the_reason(tmp_path):
    refused = answer(client_of(tmp_path / "stored", str(tmp_path / "kept.db")), "phash")
    assert refused.status_code == 422
    assert "hamming" in refused.text
