"""Whatever a plug-in's code raises or leaves behind in a command's own process ends in one line that names it."""

import signal
from pathlib import Path

import pytest
from search_support import cli, encoded, fill, picture, query

from benchmarks.search.folder_gallery import FolderGallery
from benchmarks.search.searcher import Places, Searcher
from benchmarks.system import leaving
from benchmarks.system.failing import answering_for
from benchmarks.system.leaving import interrupt
from datasets.errors import BenchmarkError
from methods.registry import load_registry

PLUGIN = Path(__file__).parents[1] / "plugins" / "raising.py"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    root = tmp_path_factory.mktemp("foreign")
    found = FolderGallery(fill(root / "photos", 4), root / "index")
    found.update()
    return found, Places(root / "index"), load_registry([PLUGIN])


ENDS = {"exit": "SystemExit: 0", "interrupt": "KeyboardInterrupt:"}
SAYS = {
    "exit": "SystemExit: 0",
    "generator": "GeneratorExit: x",
    "silent": r"SilentError: \(its text cannot be read: SystemExit\)",
    "hostile": r"ValueError: \\x1b\[2J\\u202e=cmd\|\[/red\] <b>",
    "recursion": "RecursionError: ",
    "long": "characters",
}


@pytest.mark.parametrize("when", ["build", "fit", "search"])
@pytest.mark.parametrize("deed", SAYS)
def test_whatever_it_raises_names_the_method(gallery, deed, when):
    found, places, registry = gallery
    with pytest.raises(BenchmarkError, match=f"^raising-{deed}-{when} failed: .*{SAYS[deed]}") as caught:
        Searcher(registry.get(f"raising-{deed}-{when}"), found, places).search(query(1))
    assert len(str(caught.value)) < 700 and str(caught.value).isprintable()


@pytest.mark.parametrize("answer", ["none", "far", "nan"])
def test_an_answer_that_is_none_names_the_method(gallery, answer):
    found, places, registry = gallery
    with pytest.raises(BenchmarkError, match=f"^raising-{answer}-search: "):
        Searcher(registry.get(f"raising-{answer}-search"), found, places).search(query(1))


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left"), BenchmarkError("x")])
def test_what_has_a_line_of_its_own_keeps_it(error):
    with pytest.raises(type(error)) as caught, answering_for("method"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(("handler", "asked"), [(signal.default_int_handler, True), (interrupt, False)])
def test_an_interrupt_is_one_unless_it_is_seen_that_nobody_asked(handler, asked):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt if asked else BenchmarkError), answering_for("method"):
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_is_an_interrupt_that_somebody_asked_for(monkeypatch):
    monkeypatch.setattr(leaving, "_asked", [])
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), answering_for("method"):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("deed", "code"), [("thread", 0), ("exit", 2), ("interrupt", 2)])
def test_the_command_ends_with_its_own_code(tmp_path, deed, code):
    fill(tmp_path / "photos", 4)
    (tmp_path / "q.png").write_bytes(encoded(picture(9)))
    options = ("-g", "photos", "-m", f"raising-{deed}-search", "--plugin", PLUGIN, "--no-thumbnails")
    done = cli("search", "q.png", *options, cwd=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert (
        said == "" if code == 0 else said.startswith(f"error: raising-{deed}-search failed: {ENDS[deed]} (raising.py")
    )
    assert (b"000.png" in done.stdout) == (code == 0)
