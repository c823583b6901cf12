"""`search` as a person uses it: one command over their own folder, and a line that says what is wrong."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from search_support import ROOT, cli, encoded, fill, picture

from benchmarks.search.answer import Answer, Hit
from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.found import Found
from benchmarks.search.query import Query
from benchmarks.search.show.inline import half_blocks, pixel_escapes, pixel_protocol
from benchmarks.search.show.terminal import print_found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of photographs' stand-ins, one of them broken, already indexed for phash."""
    root = tmp_path_factory.mktemp("place")
    fill(root / "photos", 25)
    (root / "photos" / "broken.jpg").write_bytes(b"no image")
    for name in ("003.png", "004.png"):  # elsewhere: a file of the folder itself is left out of its own search
        shutil.copy(root / "photos" / name, root / name)
    done = cli("search", "003.png", "-g", "photos", "-m", "phash", "-k", "3", cwd=root)
    assert done.returncode == 0, done.stderr.decode()
    assert "003.png" in done.stdout.decode()
    assert "1 image skipped: broken.jpg: not an image" in done.stdout.decode()
    return root


def answers(place, *arguments, stdin=b""):
    done = cli("search", *arguments, "--json", cwd=place, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_several_methods_answer_side_by_side(place):
    (entry,) = answers(place, "003.png", "-g", "photos", "-m", "phash", "-m", "pixels", "-k", "2")
    assert [answer["method"] for answer in entry["answers"]] == ["phash", "pixels"]
    for answer in entry["answers"]:
        assert answer["verdict"] == "match"
        assert (answer["hits"][0]["path"], answer["hits"][0]["good"]) == ("003.png", True)
        assert len(answer["hits"]) == 2


def test_a_file_of_the_folder_is_named_and_left_out_of_hits_and_verdict(place):
    picture(3).resize((30, 24)).save(place / "photos" / "half.png")
    shutil.copy(place / "photos" / "005.png", place / "photos" / "005 again.png")
    try:
        (entry, same) = answers(place, "photos/003.png", "photos/005.png", "-g", "photos", "-m", "phash", "-k", "3")
        (answer,) = entry["answers"]
        assert answer["itself"] == "003.png"
        assert answer["notes"][0].startswith("this picture is in the folder as 003.png")
        assert answer["hits"][0]["path"] == "half.png"
        assert answer["hits"][0]["rank"] == 1
        assert "003.png" not in [hit["path"] for hit in answer["hits"]]
        assert len(answer["hits"]) == 3
        (again,) = same["answers"]
        assert (again["itself"], again["hits"][0]["path"], again["verdict"]) == ("005.png", "005 again.png", "match")
        assert "the same file is in the gallery as 005 again.png" in again["notes"]
        (alone,) = answers(place, "photos/011.png", "-g", "photos", "-m", "phash")[0]["answers"]
        assert alone["verdict"] == "no good match", "nothing else is like it"
    finally:
        (place / "photos" / "half.png").unlink()
        (place / "photos" / "005 again.png").unlink()


def test_the_same_file_elsewhere_is_said_and_a_match(place):
    (answer,) = answers(place, "003.png", "-g", "photos", "-m", "phash")[0]["answers"]
    assert (answer["itself"], answer["verdict"], answer["hits"][0]["path"]) == (None, "match", "003.png")
    assert answer["notes"][0] == "the same file is in the gallery as 003.png"


def test_why_the_first_hit_is_one(place):
    (entry,) = answers(place, "003.png", "-g", "photos", "-m", "phash", "--explain")
    assert entry["answers"][0]["why"]["title"] == "phash: 0 of 64 bits differ"
    done = cli("search", "003.png", "-g", "photos", "-m", "phash", "--explain", cwd=place)
    assert "phash: 0 of 64 bits differ" in done.stdout.decode()


def test_standard_input_and_a_region(place):
    collage = Image.new("RGB", (200, 100))
    collage.paste(picture(4), (100, 20))
    arguments = ("-", "-g", "photos", "-m", "pixels", "--crop", "100,20,60,48")
    (entry,) = answers(place, *arguments, stdin=encoded(collage))
    assert entry["query"] == "standard input"
    assert entry["answers"][0]["hits"][0]["path"] == "004.png"


def test_several_pictures_are_answered_each(place):
    entries = answers(place, "003.png", "004.png", "-g", "photos", "-m", "phash", "-k", "1")
    assert [entry["answers"][0]["hits"][0]["path"] for entry in entries] == ["003.png", "004.png"]


def test_the_sheet_as_a_picture(place):
    cli("search", "003.png", "-g", "photos", "-m", "phash", "-k", "4", "--sheet", "sheet.png", cwd=place)
    with Image.open(place / "sheet.png") as sheet:
        assert sheet.width > 4 * 128
        assert len(np.unique(np.asarray(sheet.convert("L")))) > 50


def test_the_sheet_as_a_page_that_stands_alone(place):
    arguments = ("-m", "phash", "-k", "2", "--sheet", "sheet.html", "--explain")
    done = cli("search", "003.png", "-g", "photos", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr.decode()
    page = (place / "sheet.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 4, "the query, two hits and the explanation"
    assert "0 of 64 bits differ" in page
    assert "http" not in page


def test_what_came_from_file_names_is_escaped(place, tmp_path):
    picture(3).save(tmp_path / "<b>x.png")
    cli("search", tmp_path / "<b>x.png", "-g", "photos", "-m", "phash", "--sheet", tmp_path / "s.html", cwd=place)
    page = (tmp_path / "s.html").read_text()
    assert "&lt;b&gt;x.png" in page
    assert "<b>x.png" not in page


def test_a_stand_in_says_that_it_is_one(tmp_path):
    picture(1).save(tmp_path / "a.png")
    (entry,) = answers(tmp_path, "a.png", "-g", "cifar10:smoke", "-m", "phash", "-k", "1")
    (answer,) = entry["answers"]
    assert answer["gallery"] == "cifar10 (synthetic):smoke"
    assert answer["threshold"] is not None
    assert any("labelled queries" in note for note in answer["notes"])


def test_hashes_import_no_network_library(place):
    code = (
        "import sys; sys.argv = ['x', 'search', '003.png', '-g', 'photos', '-m', 'phash', '--json']\n"
        "from benchmarks.cli.app import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print(sorted({'tensorflow', 'keras', 'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=place, env={"PYTHONPATH": str(ROOT), "RIS_INDEX": "index"}, capture_output=True, text=True
    )
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("photos/broken.jpg", "-g", "photos"), "not an image"),
        (("photos/none.jpg", "-g", "photos"), "No such file"),
        (("003.png", "-g", "phtos"), "unknown gallery 'phtos'"),
        (("003.png", "-g", "lfv"), "did you mean lfw"),
        (("003.png", "-g", "empty"), "holds no images"),
        (("003.png", "-g", "photos", "-m", "phsh"), "did you mean phash"),
        (("003.png", "-g", "photos", "-m", "phash", "--crop", "900,0,50,50"), "outside the picture"),
        (("003.png", "-g", "photos", "-m", "phash", "--crop", "a"), "x,y,width,height"),
        (("003.png", "-g", "photos", "-m", "phash", "--face", "1"), "mark its region"),
        (("003.png", "-g", "photos", "-m", "phash", "--sheet", "s.pdf"), ".png or .html"),
        (("https://example.org/a.jpg", "-g", "photos"), "nothing is downloaded"),
    ],
)
def test_what_cannot_be_searched_is_one_line_and_exit_code_2(place, arguments, says):
    (place / "empty").mkdir(exist_ok=True)
    done = cli("search", *arguments, cwd=place)
    assert done.returncode == 2, done.stdout.decode()
    lines = done.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error:")
    assert says in lines[0]


def test_half_blocks_hold_two_pixels_a_character():
    striped = Image.fromarray(np.array([[[255, 0, 0]] * 3, [[0, 0, 255]] * 3, [[0, 255, 0]] * 3], dtype=np.uint8))
    text = half_blocks(striped, 10, 10)
    assert text.plain == "▀▀▀\n▀▀▀"
    first = text.spans[0].style
    assert (first.color.triplet, first.bgcolor.triplet) == ((255, 0, 0), (0, 0, 255))
    assert text.spans[-1].style.bgcolor is None


def test_a_terminal_says_which_pictures_it_takes():
    assert pixel_protocol({"KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"}) == "kitty"
    assert pixel_protocol({"TERM_PROGRAM": "WezTerm"}) == "iterm2"
    assert pixel_protocol({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux"}) == ""
    assert pixel_protocol({"TERM": "xterm-256color"}) == ""


def test_pixel_pictures_are_sent_in_the_chunks_that_the_protocol_allows():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    parts = pixel_escapes(noise, "kitty").split("\x1b\\")[:-1]
    assert len(parts) > 2
    assert parts[0].startswith("\x1b_Ga=T,f=100,m=1;")
    assert parts[-1].startswith("\x1b_Gm=0;")
    assert all(len(part.partition(";")[2]) <= 4096 for part in parts)
    assert pixel_escapes(noise, "iterm2").startswith("\x1b]1337;File=inline=1;size=")


def test_a_colour_terminal_shows_thumbnails(place, monkeypatch):
    import io

    from rich.console import Console

    monkeypatch.setattr("benchmarks.search.show.terminal.pixel_protocol", lambda: "")
    gallery = FolderGallery(place / "photos", place / "index")
    gallery.update()
    (id, _), *_ = gallery.entries()
    seconds = dict.fromkeys(("load", "encode", "search"), 0.0)
    answer = Answer("phash", "photos", (Hit(1, id, "a.png", "", -3.0),), seconds, "match", -4)
    found = Found(Query("q", np.zeros((9, 9, 3), np.uint8)), (answer,), (None,))
    for coloured, expected in ((True, True), (False, False)):
        file = io.StringIO()
        console = Console(file=file, force_terminal=coloured, color_system="truecolor" if coloured else None, width=100)
        print_found(console, [found], gallery)
        assert ("▀" in file.getvalue()) is expected
        assert "✓ -3" in file.getvalue()


def test_what_is_to_be_said_of_every_query_and_method_is_said_once(place):
    import io

    from rich.console import Console

    gallery = FolderGallery(place / "photos", place / "index")
    gallery.update()
    (id, _), *_ = gallery.entries()
    seconds = dict.fromkeys(("load", "encode", "search"), 0.0)

    def answer(method, note):
        hits = (Hit(1, id, "a.png", "", -3.0),)
        return Answer(method, "photos", hits, seconds, "match", None, notes=(note, "5 files passed over"))

    pixels = np.zeros((9, 9, 3), np.uint8)
    found = [
        Found(
            Query(f"q{number}", pixels, ()), (answer("phash", f"note {number}"), answer("hog", "learned")), (None,) * 2
        )
        for number in range(2)
    ]
    print_found(Console(file=(file := io.StringIO()), width=100), found, gallery)
    lines = [line.strip() for line in file.getvalue().splitlines()]
    assert lines.index("phash: note 0") < lines.index("phash: note 1") < lines.index("every query:")
    assert lines[lines.index("every query:") + 1 :][:2] == ["5 files passed over", "hog: learned"]
    assert file.getvalue().count("5 files passed over") == 1
