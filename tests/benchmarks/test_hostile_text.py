"""Names, labels, errors and output that are long or hostile, through the commands that show them."""

import json
import os
import re
import shutil
import time
from collections import Counter
from html.parser import HTMLParser

import pytest
from bench_support import PLUGIN
from search_support import ROOT, cli, picture

from benchmarks.system.logs import LARGEST, tail, trim
from benchmarks.system.terminal import Console

LOUD = PLUGIN.with_name("loud.py")
NAMES = {
    "escape": "\x1b[2J\x1b[31mred",
    "bell title": "\x1b]0;owned\x07",
    "line end": "two\nlines",
    "direction": "\u202egnp",
    "markup": "[red][x][bold]",
    "closing markup": "[x] [\\x]",
    "formula": "=cmd",
    "markdown": "a|b`c`<script>alert(1)</script>*d*".replace("/", ""),
    "latex": "\\input{secret}$^_#%&~",
    "no Unicode": os.fsdecode(b"\xff\xfe"),
    "C1": "\x9b31m",
}
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def text_of(done):
    return done.stdout.decode() + done.stderr.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two images under each hostile label, hostile in their own names as well; the folder's own name is hostile."""
    root = tmp_path_factory.mktemp("hostile") / "=\x1b[1mphotos|\u202e[x]"
    for seed, name in enumerate(NAMES.values()):
        (root / name).mkdir(parents=True)
        for copy in range(2):
            picture(2 * seed + copy).save(
                os.fsencode(f"{root / name}/{name} {copy}.png").decode(errors="surrogateescape")
            )
    return root


@pytest.fixture(scope="module")
def ran(folder):
    """A run of an ordinary method and of the loud ones."""
    out = folder.parent / "out"
    methods = [word for deed in ("long", "hostile", "unreadable", "flood") for word in ("-m", f"loud-{deed}")]
    began = time.monotonic()
    done = cli(
        "run", "-m", "pixels", *methods, "-d", f"folder:{folder}", "--subset", "smoke", "--task", "retrieval",
        "--plugin", LOUD, "--out", out, cwd=folder.parent, PYTHONPATH=f"{PLUGIN.parent}:{ROOT}",
    )  # fmt: skip
    return out, done, time.monotonic() - began


def test_a_run_shows_nothing_that_commands_a_terminal(ran):
    _, done, seconds = ran
    assert done.returncode == 1, text_of(done)
    assert not FORBIDDEN.search(text_of(done).replace("\r", ""))
    assert "Traceback" not in text_of(done)
    assert max(map(len, text_of(done).splitlines())) < 1500
    assert seconds < 150


def test_reasons_and_logs_are_bounded(ran):
    out, _, _ = ran
    rows = {path.parent.name: json.loads(path.read_text()) for path in out.rglob("cell.json")}
    reasons = {row["inputs"]["method"]["id"]: row["reason"] for row in rows.values() if row["status"] != "ok"}
    assert set(reasons) == {"loud-long", "loud-hostile", "loud-unreadable", "loud-flood"}
    assert reasons["loud-long"].endswith("(cut: 210,012 characters)")
    assert "\\x1b[2J" in reasons["loud-hostile"]
    assert "its text cannot be read" in reasons["loud-unreadable"]
    assert max(path.stat().st_size for path in out.rglob("cell.json")) < 200_000
    logs = [path.read_text(errors="replace") for path in out.rglob("log.txt")]
    assert max(map(len, logs)) < LARGEST + 200
    (flood,) = [log for log in logs if "flooded" in log]
    assert flood.startswith("the beginning")
    assert "bytes of the log left out" in flood


def test_tables_are_neutral(ran):
    out, _, _ = ran
    assert cli("report", "--out", out, "--plugin", LOUD, cwd=out.parent).returncode == 0
    written = [path for path in out.iterdir() if path.suffix in (".md", ".csv", ".tex")]
    assert {path.suffix for path in written} == {".md", ".csv", ".tex"}
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert not FORBIDDEN.search(text), path
        if path.suffix == ".md":
            assert "<script" not in text
        if path.suffix == ".csv":
            assert not re.search(r'(^|,)"?[=@]', text, re.MULTILINE)
    for path in (out / "report").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert not FORBIDDEN.search(text), path


def test_status_and_lists_are_neutral(ran, folder):
    out, _, _ = ran
    for arguments in (("status", "--why", "--out", out), ("list", "runs", "--out", out), ("list", "methods")):
        done = cli(*arguments, "--plugin", LOUD, cwd=out.parent)
        assert done.returncode in (0, 1), text_of(done)
        assert not FORBIDDEN.search(text_of(done))


@pytest.mark.parametrize("command", ["duplicates", "audit", "recommend"])
def test_what_looks_through_a_folder_is_neutral(folder, tmp_path, command):
    photos = shutil.copytree(folder, tmp_path / folder.name)
    for number, name in enumerate(NAMES.values()):
        (photos / name / f"broken {number}\x1b[2J\u202e<script>alert(1)<.png").write_bytes(b"no picture")
    options = {
        "duplicates": ("--html", tmp_path / "out" / "d.html", "--csv", tmp_path / "out" / "d.csv"),
        "audit": ("-m", "none", "--out", tmp_path / "out"),
        "recommend": ("-m", "pixels", "-m", "phash", "--budget", "60s", "--out", tmp_path / "out"),
    }
    done = cli(command, photos, *options[command], cwd=tmp_path)
    assert done.returncode == 0, text_of(done)
    assert not FORBIDDEN.search(text_of(done).replace("\r", ""))
    written = [path for path in (tmp_path / "out").rglob("*") if path.suffix in (".html", ".csv", ".md")]
    assert written
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert not FORBIDDEN.search(text), path
        if path.suffix != ".csv":
            assert "<script>alert" not in re.sub("`[^`]*`", "", text)


class Markup(HTMLParser):
    """How many elements of each kind a page has, and what of their attributes would run."""

    def __init__(self, text):
        super().__init__()
        self.counts, self.running = Counter(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.counts[tag] += 1
        self.running += [(tag, name) for name, _ in attrs if name.startswith("on")]


@pytest.mark.parametrize("command", ["duplicates", "search"])
def test_names_are_no_markup_of_a_page(tmp_path, command):
    names = (
        '" onerror="alert(1)',
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)<",
        "a&lt;b&quot;",
        "'{{7*7}}",
        "y" * 250,
    )
    plain, hostile = tmp_path / "plain", tmp_path / "hostile"
    pages = []
    for root, used in ((plain, "abcdef"), (hostile, names)):
        root.mkdir()
        for seed, name in enumerate(used):
            for form in ("PNG", "BMP"):
                picture(seed, (200, 160)).save(root / f"{name}.{form.lower()}", form)
        page = tmp_path / f"{root.name}.html"
        first = root / f"{used[0]}.png"
        options = ("--html", page) if command == "duplicates" else ("-m", "phash", "-k", "12", "--sheet", page)
        where = (root,) if command == "duplicates" else (first, "-g", root)
        done = cli(command, *where, *options, cwd=tmp_path)
        assert done.returncode == 0, text_of(done)
        pages.append(Markup(page.read_text(encoding="utf-8")))
    assert pages[0].counts == pages[1].counts
    assert pages[1].running == pages[0].running == []


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_search_shows_names_as_text(folder, kind, form):
    name = NAMES[kind]
    done = cli(
        "search", f"{folder / name}/{name} 0.png", "-g", folder, "-m", "pixels", "-k", "3", *form, cwd=folder.parent
    )
    assert done.returncode == 0, text_of(done)
    assert not FORBIDDEN.search(text_of(done))


def test_the_console_prints_text_as_text(capsys):
    console = Console(width=80)
    console.print("a\x1b[2Jb\u202ec", markup=False)
    assert capsys.readouterr().out == "a\\x1b[2Jb\\u202ec\n"


def test_a_log_is_cut_in_its_middle(tmp_path):
    log = tmp_path / "log.txt"
    with log.open("ab", buffering=0) as file:
        file.write(b"first\n" + b"x" * 5000 + b"\nlast\n")
        trim(log, 5011)
        assert log.stat().st_size == 5012 or b"left out" in log.read_bytes()
        file.write(b"later\x1b\n")
    assert tail(log).splitlines()[-2:] == ["last", "later\\x1b"]
    assert tail(tmp_path / "none") == ""
