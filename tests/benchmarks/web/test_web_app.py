"""The web application over HTTP: searching, what is refused, and that nothing else can be reached."""

import base64
import io
import re

import numpy as np
import pytest
from copies_support import photo
from PIL import Image
from search_support import encoded, picture
from web_support import small_service

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from benchmarks.search.gallery import silent
from benchmarks.search.searcher import Places
from benchmarks.web.app import create_app
from benchmarks.web.cache import Cache, GoneError
from benchmarks.web.leaderboard import read_leaderboard
from benchmarks.web.service import Service
from benchmarks.web.settings import Settings

HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(small_service(tmp_path_factory.mktemp("web"), most_bytes=200_000))
    return TestClient(app, base_url=HERE, raise_server_exceptions=False)


def sent(client, data=None, **headers) -> dict:
    answer = client.post("/api/queries", content=encoded(picture(3)) if data is None else data, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def search(client, query: dict, method="phash", gallery=0, **more):
    return client.post("/api/search", json={"query": query["query"], "gallery": gallery, "method": method, **more})


def test_a_picture_is_searched_for_and_the_hit_explained(client):
    query = sent(client, **{"x-name": "my%20picture.png"})
    assert (query["name"], query["width"], query["height"], query["notes"]) == ("my picture.png", 60, 48, [])
    answer = search(client, query, k=4).json()
    assert answer["verdict"] == "match"
    assert [hit["path"] for hit in answer["hits"]][:1] == ["003.png"]
    assert len(answer["hits"]) == 4
    thumbnail = client.get(f"/api/galleries/0/images/{answer['hits'][0]['id']}")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(thumbnail.content)) as shown:
        assert shown.format == "JPEG"
        assert shown.width / shown.height == pytest.approx(60 / 48, rel=0.05)
    why = client.post("/api/explain", json={"answer": answer["answer"], "place": 0}).json()
    assert why["title"] == "phash: 0 of 64 bits differ"
    assert base64.b64decode(why["picture"].partition(",")[2])[:2] == b"\xff\xd8"


def test_a_hit_becomes_the_picture_that_is_searched_for(client):
    first = search(client, sent(client)).json()["hits"][1]
    kept = client.post(f"/api/galleries/0/images/{first['id']}/query").json()
    assert (kept["name"], kept["width"], kept["height"]) == (first["path"], 60, 48)
    answer = search(client, kept).json()
    assert answer["itself"] == first["path"], "it is left out of its own hits"
    assert first["path"] not in [hit["path"] for hit in answer["hits"]]
    for number, status in ((999, 410), (2**63, 404)):
        assert client.post(f"/api/galleries/0/images/{number}/query").status_code == status


@pytest.fixture(scope="module")
def saved_again(tmp_path_factory):
    """A gallery in which every picture lies three times: as it is, smaller, and as the same file."""
    root = tmp_path_factory.mktemp("again")
    for seed in range(8):
        image = Image.fromarray(photo(seed, (160, 120)))
        image.save(root / f"{seed}.png")
        image.resize((120, 90)).save(root / f"{seed}-small.jpg")
        (root / f"{seed}-same.png").write_bytes((root / f"{seed}.png").read_bytes())
    service = Service(Settings((str(root),), Places(root.parent / "index"), root), silent)
    return TestClient(create_app(service), base_url=HERE, raise_server_exceptions=False)


def test_of_hits_that_show_the_same_the_first_alone(saved_again):
    query = sent(saved_again, encoded(Image.fromarray(photo(3, (160, 120))), "JPEG"))
    every = [hit["path"] for hit in search(saved_again, query, k=6).json()["hits"]]
    assert sum(path.startswith("3") for path in every) == 3
    answer = search(saved_again, query, k=6, once=True).json()
    once = [hit["path"] for hit in answer["hits"]]
    assert len(once) == len({path[0] for path in once}) == 6
    assert once[0] == every[0]
    assert re.search(r"^\d+ hits that show the same picture as an earlier one left out$", answer["notes"][0])
    why = saved_again.post("/api/explain", json={"answer": answer["answer"], "place": 5})
    assert why.status_code == 200


def test_copies_are_grouped_and_nothing_is_told_of_a_data_set(saved_again, client):
    found = saved_again.post("/api/galleries/0/copies").json()
    assert len(found["groups"]) == 8
    for group in found["groups"]:
        assert {copy["path"][0] for copy in group} == {group[0]["path"][0]}
        assert [copy["best"] for copy in group] == [True, False, False]
        assert all(copy["facts"] and copy["listable"] for copy in group)
        assert saved_again.get(f"/api/galleries/0/images/{group[2]['id']}").status_code == 200
    assert any("nothing was changed or deleted" in note for note in found["notes"])
    assert saved_again.post("/api/galleries/7/copies").status_code == 410
    assert "(24 images)" in saved_again.get("/copies").text


def test_a_region_is_searched_for(client):
    collage = Image.new("RGB", (200, 100))
    collage.paste(picture(4), (100, 20))
    query = sent(client, encoded(collage))
    answer = search(client, query, "pixels", crop="100,20,60,48").json()
    assert answer["hits"][0]["path"] == "004.png"
    why = client.post("/api/explain", json={"answer": answer["answer"], "place": 0})
    assert why.status_code == 200


def test_galleries_are_apart(client):
    answer = search(client, sent(client, encoded(picture(99))), gallery=1).json()
    assert {hit["label"] for hit in answer["hits"]} == {"label0", "label1"}
    assert answer["verdict"] == "not calibrated"


def test_the_query_is_shown_as_it_was_decoded(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    query = sent(client, encoded(picture(3), "JPEG", exif=exif))
    assert (query["width"], query["height"]) == (48, 60)
    with Image.open(io.BytesIO(client.get(f"/api/queries/{query['query']}/picture").content)) as shown:
        assert shown.width < shown.height
        assert not shown.getexif()


def test_the_page_offers_what_can_be_searched(client):
    page = client.get("/").text
    assert "photos (25 images)" in page
    assert "labelled (6 images)" in page
    assert 'value="phash" checked' in page
    order = [
        page.index(text)
        for text in (">suggested here<", 'value="phash"', ">hash<", 'value="dhash"', ">pixels<", 'value="svm"')
    ]
    assert order == sorted(order)
    assert 'value="oracle"' not in page
    assert 'value="resnet50"' not in page, "it has no weights here"


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"", "empty"), (b"a letter", "not an image"), (encoded(Image.new("RGB", (1, 1))), "too few")],
    ids=["empty", "text", "1x1"],
)
def test_what_is_no_picture_says_why(client, data, says):
    answer = client.post("/api/queries", content=data, headers={"x-name": "mine.png"})
    assert answer.status_code == 422
    assert says in answer.json()["error"]
    assert answer.json()["error"].startswith("mine.png")


@pytest.mark.parametrize(
    ("question", "status", "says"),
    [
        ({"crop": "900,900,20,20"}, 422, "outside the picture"),
        ({"crop": "nonsense"}, 422, "--crop"),
        ({"face": 2}, 422, "takes no face"),
        ({"k": 0}, 422, "body.k"),
        ({"method": "phsh"}, 422, "did you mean phash"),
        ({"method": "svm"}, 422, "learns from labels"),
        ({"gallery": 7}, 410, "no gallery"),
        ({"query": "guessed"}, 410, "bring the picture again"),
    ],
)
def test_searches_that_cannot_be_meant(client, question, status, says):
    asked = {"query": sent(client)["query"], "gallery": 0, "method": "phash", **question}
    answer = client.post("/api/search", json=asked)
    assert (answer.status_code, says in answer.json()["error"]) == (status, True), answer.text


def test_too_much_is_refused_before_and_while_it_comes(client):
    said = client.post("/api/queries", content=b"x" * 200_001)
    assert (said.status_code, "MiB were sent" in said.json()["error"]) == (413, True)
    unsaid = client.post("/api/queries", content=(b"x" * 50_000 for _ in range(9)))
    assert "content-length" not in unsaid.request.headers
    assert (unsaid.status_code, "MiB were sent" in unsaid.json()["error"]) == (413, True)


def test_other_hosts_and_other_sites_are_refused(client):
    for host in ("evil.example", "evil.example:8000", "127.0.0.1.evil.example"):
        assert client.get("/", headers={"host": host}).status_code == 400
    assert client.get("/", headers={"host": "localhost:8000"}).status_code == 200
    other = client.post("/api/queries", content=b"x", headers={"origin": "http://evil.example"})
    assert (other.status_code, "other sites" in other.json()["error"]) == (403, True)
    for origin in ("null", "http://[::bad", "", "http://", "//127.0.0.1"):
        assert client.post("/api/queries", content=b"x", headers={"origin": origin}).status_code == 403, origin
    assert client.post("/api/queries", content=encoded(picture(1)), headers={"origin": HERE}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/galleries/0/images/..%2f..%2fetc%2fpasswd",
        "/api/galleries/0/images/%2e%2e/%2e%2e/etc/passwd",
        "/api/galleries/0/images/003.png",
        "/api/galleries/../images/1",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/etc/passwd",
        "/docs",
        "/openapi.json",
    ],
)
def test_no_path_leads_to_a_file(client, path):
    answer = client.get(path)
    assert answer.status_code in (404, 422), path
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_numbers_that_are_not_in_the_gallery(client):
    for path in ("/api/galleries/0/images/999", "/api/galleries/0/images/-1", "/api/galleries/9/images/1"):
        assert client.get(path).status_code == 410
    for number in (2**63, -(2**63), 10**30, "9" * 5000, "1e3"):
        assert client.get(f"/api/galleries/0/images/{number}").status_code == 404
    answer = search(client, sent(client)).json()
    assert client.post("/api/explain", json={"answer": answer["answer"], "place": 99}).status_code == 410


def test_every_response_allows_nothing_from_elsewhere(client):
    for path in ("/", "/copies", "/leaderboard", "/static/search.js", "/api/progress", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_pages_hold_no_inline_script_or_style(client):
    for path in ("/", "/copies", "/leaderboard"):
        page = client.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page
        assert page.count("<script") == page.count('<script type="module" src="/static/')
        assert "//" not in page.replace("<!doctype", "").replace("http://www.w3.org", "")


def test_the_leaderboard_shows_the_stored_tables(client):
    page = client.get("/leaderboard").text
    assert page.index("mtcnn-facenet") < page.index(">phash") < page.index(">svm") < page.index(">resnet50")
    assert "0.987" in page
    assert ">untrained<" in page
    assert "&lt;b&gt;plug" in page
    assert "<b>plug" not in page


def test_a_disturbed_time_is_marked_and_no_canary_learns(tmp_path):
    table = tmp_path / "overview.csv"
    head = "dataset,subset,task,method,family,status,trained,supervised,p50_ms,disturbed"
    rows = ("oracle,canary,ok,True,True,0.0412,False", "svm,classifier,ok,True,True,1234.5,True")
    table.write_text("\n".join([head, *(f"lfw,smoke,retrieval,{row}" for row in rows)]))
    oracle, svm = read_leaderboard(table)
    assert (oracle.learns_labels, oracle.shown_milliseconds) == (False, "0.0412")
    assert (svm.learns_labels, svm.shown_milliseconds) == (True, "1234 ‡")


def test_what_fails_inside_is_not_told(client, monkeypatch):
    def failing(*arguments):
        raise RuntimeError("secret path /home/me")

    monkeypatch.setattr("benchmarks.web.service.gallery_thumb", failing)
    answer = client.get("/api/galleries/0/images/1")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "terminal" in answer.json()["error"]


def test_a_shelf_keeps_the_last_used_within_its_budget():
    cache: Cache[str] = Cache(10, "picture")
    first, second = cache.put("a", 4), cache.put("b", 4)
    assert cache.get(first) == "a"
    cache.put("c", 4)
    assert cache.get(first) == "a"
    with pytest.raises(GoneError, match="bring the picture again"):
        cache.get(second)
    heavy = cache.put("d", 99)
    assert cache.get(heavy) == "d"
    with pytest.raises(GoneError):
        cache.get(first)


def test_progress_is_counted_and_told_to_whom_it_concerns(tmp_path):
    service = small_service(tmp_path)
    client = TestClient(create_app(service), base_url=HERE)

    def told(of):
        return client.get("/api/progress", params={"of": of}).json()["progress"]

    assert told("phash") == ""
    with service._turn("phash"):
        service._advance("encoding", 64, 1000)
        service._advance("encoding", 1, None)
        assert told("phash") == "encoding: 65 of 1,000"
        assert told("sift") == told("copies") == "waiting for another search to end"
    assert told("phash") == told("sift") == ""


def test_thumbnails_carry_no_metadata_of_the_original(client, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    from benchmarks.search.show.thumbs import jpeg, thumb

    data = encoded(picture(3), "JPEG", exif=exif)
    with Image.open(io.BytesIO(data)) as original:
        assert b"where I live" not in jpeg(thumb(np.asarray(original), 64))
