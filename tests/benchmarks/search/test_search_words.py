"""Searches in words, with a network made here whose rows are colours: in the terminal and on the page."""

import json

import numpy as np
import onnx_files
import pytest
from PIL import Image
from search_support import cli, fill, picture
from web_support import small_service

pytest.importorskip("openvino", reason="the extra `fast` is not installed")
pytest.importorskip("tokenizers", reason="the extra `words` is not installed")

METHOD = "onnx:image.onnx,text=text.onnx,tokenizer=tokenizer.json"
PLUGIN = """
from pathlib import Path

from methods.spec import MethodSpec, Part, TextSide

HERE = Path(__file__).parent
METHODS = [
    MethodSpec(
        id="colour-words",
        family="embedding",
        summary="mean colours, which have names",
        source="test",
        encoder=Part("methods.encoders.onnx_network:OnnxNetwork", {"model": HERE / "image.onnx"}),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "cosine"}),
        text=TextSide(network=HERE / "text.onnx", tokenizer=HERE / "tokenizer.json"),
    )
]
"""


def write_networks(place):
    (place / "image.onnx").write_bytes(onnx_files.colour_network())
    (place / "text.onnx").write_bytes(onnx_files.text_network())
    (place / "tokenizer.json").write_text(onnx_files.tokenizer())


def write_photos(folder):
    """Three pictures, each mainly of one colour, which its name says."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(("red", "green", "blue")):
        pixels = np.asarray(picture(place)) // 4
        pixels[:, :, place] += 150
        Image.fromarray(pixels).save(folder / f"{name}.png")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("words")
    write_networks(place)
    write_photos(place / "photos")
    return place


def search(place, *arguments):
    done = cli("search", "-g", "photos", *arguments, cwd=place)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_words_find_what_pictures_show(place):
    texts = ("green", "red", "red blue")
    code, out, err = search(place, "-m", METHOD, "--json", *(part for text in texts for part in ("--text", text)))
    assert code == 0, err
    found = json.loads(out)
    assert [one["query"] for one in found] == [f"\u201c{text}\u201d" for text in texts]
    ranked = [[hit["path"] for hit in one["answers"][0]["hits"]] for one in found]
    assert [paths[0] for paths in ranked[:2]] == ["green.png", "red.png"]
    assert ranked[2][2] == "green.png"
    answer = found[0]["answers"][0]
    assert answer["verdict"] == "not calibrated" and answer["threshold"] is None
    assert all(hit["chance"] is None and not hit["identical"] for hit in answer["hits"])
    assert "which picture fits better" in answer["notes"][0]


def test_the_settings_may_lie_beside_the_network_and_a_sheet_can_be_drawn(place):
    (place / "apart").mkdir()
    write_networks(place / "apart")
    (place / "apart" / "image.toml").write_text('text = "text.onnx"\ntokenizer = "tokenizer.json"\ntokens = 5\n')
    for sheet in ("sheet.html", "sheet.png"):
        code, out, err = search(place, "-m", "onnx:apart/image.onnx", "--text", "<b>blue", "--sheet", sheet)
        assert code == 0, err
        assert "\u201c<b>blue\u201d in " in out and "blue.png" in out
    page = (place / "sheet.html").read_text()
    assert "&lt;b&gt;blue" in page and "<b>blue" not in page and 'alt="the query"' not in page
    assert Image.open(place / "sheet.png").width > 400


def test_hide_copies_holds_for_words(place, tmp_path):
    write_networks(tmp_path)
    write_photos(tmp_path / "photos")
    Image.open(tmp_path / "photos" / "red.png").save(tmp_path / "photos" / "red again.bmp")
    options = ("-m", METHOD, "--text", "red", "--json")
    paths = [
        [hit["path"] for hit in json.loads(search(tmp_path, *options, *more)[1])[0]["answers"][0]["hits"]]
        for more in ((), ("--hide-copies",))
    ]
    assert len(paths[0]) == 4 and len(paths[1]) == 3
    assert len({path for path in paths[1] if path.startswith("red")}) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a picture to search with, or say what to search for"),
        (("-m", METHOD, "--text", "  "), "there are no words to search for"),
        (("-m", METHOD, "--text", "red " * 400), "more words than a method reads"),
        (("-m", METHOD, "--text", "red", "--crop", "0,0,9,9"), "--crop is about a picture"),
        (("-m", METHOD, "--text", "red", "--explain"), "--explain is about a picture"),
        (("-m", "phash", "--text", "red"), "phash cannot be asked in words: it compares pictures alone"),
        (("-m", "onnx:image.onnx", "--text", "red"), "it compares pictures alone"),
        (("--text", "red"), "fetch clip-vit-b32 clip-vit-b32-text clip-vit-b32-tokenizer"),
        (("-m", "onnx:image.onnx,text=text.onnx", "--text", "red"), "need both text="),
        (("-m", f"{METHOD}x", "--text", "red"), "there is no file tokenizer.jsonx"),
        (("-m", f"{METHOD},tokens=0", "--text", "red"), "tokens is '0'"),
        (("-m", f"{METHOD},lower=maybe", "--text", "red"), "lower is 'maybe'"),
        (("-m", f"{METHOD},text_output=nothing", "--text", "red"), "no tensor called 'nothing'"),
        (("-m", "onnx:image.onnx,text=image.onnx,tokenizer=tokenizer.json", "--text", "red"), "is fed image"),
        (("-m", METHOD.replace("text.", "wide."), "--text", "red"), "gives 4 numbers a text, not 3"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(place, arguments, says):
    (place / "wide.onnx").write_bytes(onnx_files.text_network(numbers=4))
    code, out, err = search(place, *arguments)
    assert code == 2 and says in " ".join(err.split()), out + err
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Two galleries, and a plug-in's method that takes words."""
    place = tmp_path_factory.mktemp("desk")
    write_networks(place)
    (place / "colour_words.py").write_text(PLUGIN)
    service = small_service(place, plugins=(place / "colour_words.py",))
    write_photos(place / "labelled" / "colours")
    service.look_again(1)
    return service


def test_the_page_is_asked_in_words(service):
    testing = pytest.importorskip("fastapi.testclient")
    from benchmarks.web.app import create_app

    with testing.TestClient(create_app(service), base_url="http://127.0.0.1") as client:
        page = client.get("/").text
        assert 'id="words"' in page and 'value="colour-words" data-words' in page
        assert 'value="phash" data-words' not in page
        asked = {"words": "blue", "gallery": 1, "method": "colour-words", "k": 2}
        answer = client.post("/api/words", json=asked).json()
        assert answer["hits"][0]["path"] == "colours/blue.png" and answer["verdict"] == "not calibrated"
        why = client.post("/api/explain", json={"answer": answer["answer"], "place": 0}).json()
        assert why["picture"] is None and "Found by words" in why["text"]
        for wrong, says in (
            ({"words": " "}, "no words"),
            ({"words": "x" * 2000}, "more words"),
            ({"method": "phash"}, "it compares pictures alone"),
        ):
            refused = client.post("/api/words", json=asked | wrong)
            assert refused.status_code == 422 and says in refused.json()["error"]
        assert client.post("/api/words", json=asked | {"gallery": 9}).status_code == 410


def test_without_such_a_method_the_page_has_no_field_for_words(tmp_path):
    testing = pytest.importorskip("fastapi.testclient")
    from benchmarks.web.app import create_app

    fill(tmp_path / "more", 2)
    with testing.TestClient(create_app(small_service(tmp_path)), base_url="http://127.0.0.1") as client:
        assert 'id="words"' not in client.get("/").text


def test_words_typed_in_a_browser_search_and_pictures_go_on_working(service):
    from browser import chromium
    from web_support import served

    with served(service) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 900})
        page.set_default_timeout(120_000)
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        page.select_option("#gallery", "1")
        page.fill("#words", "green")
        page.press("#words", "Enter")
        page.wait_for_selector(".hit")
        assert page.locator(".column").count() == 1
        assert page.locator(".hit .label").first.inner_text() == "colours/green.png"
        page.set_input_files("#file", service.galleries[1].root / "colours" / "blue.png")
        page.wait_for_selector("#frame:not([hidden])")
        assert page.input_value("#words") == "" and page.locator(".column").count() == 0
        page.click("#go")
        page.wait_for_selector(".hit")
        assert page.locator(".column").count() > 1
        assert wrong == []
