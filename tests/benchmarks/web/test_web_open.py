"""A server that others can reach, or whose gallery changes: names it answers to, places it does not tell, new files."""

import json

import pytest
from search_support import encoded, picture
from web_support import small_service

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from benchmarks.web.app import create_app
from benchmarks.web.hiding import Hiding, short_titles
from benchmarks.web.settings import LOOPBACK


def client_of(root, **settings):
    return TestClient(create_app(small_service(root, **settings)), base_url="http://127.0.0.1:8000")


def search(client, seed=3, method="phash", **more):
    query = client.post("/api/queries", content=encoded(picture(seed))).json()["query"]
    return client.post("/api/search", json={"query": query, "gallery": 0, "method": method, "k": 5, **more})


@pytest.mark.parametrize(
    ("listens", "header", "answered"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", "192.168.1.5:8000", False),
        ("127.0.0.1", "", False),
        ("::1", "[::1]:8000", True),
        ("::1", "[::1]", True),
        ("::1", "[::2]:8000", False),
        ("::1", "[::1", False),
        ("::1", "evil.example", False),
        ("0.0.0.0", "192.168.1.5:8000", True),
        ("0.0.0.0", "[fe80::1]:8000", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "evil.example:8000", False),
        ("0.0.0.0", "user@127.0.0.1", False),
        ("::", "10.1.2.3:8000", True),
        ("::", "10.1.2.3.evil.example", False),
        ("photos.local", "photos.local:8000", True),
    ],
)
def test_hosts(tmp_path, listens, header, answered):
    client = client_of(tmp_path, host=listens, hosts=(*LOOPBACK, listens))
    answer = client.get("/api/progress", headers={"host": header})
    assert answer.status_code == (200 if answered else 400)
    if not answered:
        assert "--allow-host" in answer.json()["error"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def told(client, root):
    """Everything that an asker is told, errors too."""
    yield client.get("/").text
    answer = search(client)
    assert answer.status_code == 200, answer.text
    yield answer.text
    why = client.post("/api/explain", json={"answer": answer.json()["answer"], "place": 0})
    assert why.status_code == 200
    yield why.text
    yield search(client, method="svm").text
    yield client.post("/api/queries", content=b"no picture", headers={"x-name": "a.png"}).text
    for path in (root / "photos").iterdir():
        path.unlink()
    gone = client.post("/api/galleries/0/look")
    assert gone.status_code == 422
    yield gone.text


@pytest.mark.parametrize(("host", "says"), [("127.0.0.1", True), ("127.0.0.2", True), ("0.0.0.0", False)])
def test_only_this_machine_is_told_where_files_lie(tmp_path, host, says):
    root = tmp_path / "a folder with blanks"
    root.mkdir()
    client = client_of(root, host=host, hosts=(*LOOPBACK, host))
    texts = list(told(client, root))
    assert [str(tmp_path) in json.dumps(text) for text in texts].count(True) >= 3 * says
    if not says:
        assert not any(str(tmp_path) in text or "blanks" in text for text in texts)
        assert "photos (25 images)" in texts[0]
        assert json.loads(texts[1])["gallery"] == "photos"
        assert json.loads(texts[1])["hits"][0]["path"] == "003.png"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("cannot read /etc/passwd (No such file)", "cannot read passwd (No such file)"),
        ("'/a/b/c.png': damaged", "'c.png': damaged"),
        ("in /home/me/my photos/x.png", "in my photos/x.png"),
        ("and/or, 3/4, http://h:1/a/b, a/b.png", "and/or, 3/4, http://h:1/a/b, a/b.png"),
        ("database:/a/b/index.sqlite", "database:index.sqlite"),
    ],
)
def test_paths_in_texts(text, left):
    assert Hiding(["/home/me/my photos"]).text(text) == left


def test_titles_stay_apart():
    assert short_titles(["/a/photos", "/b/photos", "lfw:smoke", "/c/photos"]) == [
        "photos",
        "photos (2)",
        "lfw:smoke",
        "photos (3)",
    ]


@pytest.mark.parametrize("few", [1000, 3])
def test_new_files_are_seen_by_the_next_search_or_by_the_button(tmp_path, monkeypatch, few):
    """More images than `few` are not looked through unasked."""
    monkeypatch.setattr("benchmarks.web.opened.FEW", few)
    monkeypatch.setattr("benchmarks.web.opened._SHARE", 0)
    client = client_of(tmp_path)
    assert search(client, 77).json()["verdict"] != "match"
    picture(77).save(tmp_path / "photos" / "077.png")
    if few == 3:
        assert search(client, 77).json()["images"] == 25
        assert client.post("/api/galleries/0/look").json() == {"images": 26, "changed": True}
    found = search(client, 77).json()
    assert (found["verdict"], found["images"], found["hits"][0]["path"]) == ("match", 26, "077.png")
    (tmp_path / "photos" / "077.png").rename(tmp_path / "photos" / "renamed.png")
    if few == 3:
        assert client.post("/api/galleries/0/look").json() == {"images": 26, "changed": True}
    assert search(client, 77).json()["hits"][0]["path"] == "renamed.png"
    (tmp_path / "photos" / "renamed.png").unlink()
    assert client.post("/api/galleries/0/look").json() == {"images": 25, "changed": True}
    assert client.post("/api/galleries/0/look").json() == {"images": 25, "changed": False}
    assert search(client, 77).json()["hits"][0]["path"] != "renamed.png"
    assert client.post("/api/galleries/9/look").status_code == 410
    assert 'id="look"' in client.get("/").text


NAMES = [
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "%1b%5b31mred.png",
    "a%0d%0aSet-Cookie:%20x=1",
    "%e2%80%ae gnp.exe",
    "<img src=x onerror=alert(1)>",
    "=cmd|'/c calc'!A0",
    "%ff%fe.png",
    "x" * 5000,
    "%",
    "..",
    "/",
]


@pytest.mark.parametrize("data", [encoded(picture(3)), b"no picture"], ids=["picture", "none"])
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_of_uploads(client, name, data):
    answer = client.post("/api/queries", content=data, headers={"x-name": name})
    assert answer.status_code == (200 if data.startswith(b"\x89PNG") else 422)
    said = answer.json().get("name") or answer.json()["error"]
    assert said.isprintable() and len(said) < 300
    assert "/etc" not in said
    assert set(answer.headers) & {"set-cookie"} == set()
    assert answer.headers["content-type"] == "application/json"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return client_of(tmp_path_factory.mktemp("names"))
