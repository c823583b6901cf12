"""Plug-ins at import: whatever one does there is one line that names it, and an installed one costs nobody else."""

import contextlib
import os
import sys
import time
from importlib.metadata import EntryPoint

import psutil
import pytest

from methods import registry as registering
from methods import trial
from methods.registry import PluginError, Registry, load_registry
from methods.spec import MethodSpec, Part

GOOD = """
from methods.spec import MethodSpec, Part
METHODS = [MethodSpec(id="good", family="pixels", summary="", source="", method=Part("{name}:Good"))]
"""

DEEDS = {
    "raises": ("raise ValueError('not today')", "failed to import: ValueError: not today"),
    "exits": ("raise SystemExit(0)", "failed to import: SystemExit: 0"),
    "interrupts": ("raise KeyboardInterrupt", "failed to import: KeyboardInterrupt"),
    "ends": ("import os\nos._exit(0)", "ended its process while it was imported (exit code 0)"),
    "crashes": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "crashed while it was imported (SIGSEGV)"),
    "hangs": ("import time\ntime.sleep(100)", "was still being imported after 5 s"),
    "syntax": ("def (", "failed to import: SyntaxError"),
    "forks": ("import os, time\nif not os.fork():\n    time.sleep(300)", "forks while it is imported"),
    "detaches": ("import os\nif not os.fork():\n    os.setsid()\n    os.fork()", "forks while it is imported"),
    "forks_in_c": ("import ctypes, time\nif not ctypes.CDLL(None).fork():\n    time.sleep(300)", "leaves a process"),
    "starts": ("import subprocess\nsubprocess.Popen(['sleep', '300'], start_new_session=True)", "leaves a process"),
    "kills": (
        "import os\nos.kill(os.getppid(), 9)",
        "ended the process that started it while it was imported (SIGKILL)",
    ),
    "asks": ("import os, time\nos.kill(os.getppid(), 15)\ntime.sleep(60)", "ended the process that started it"),
    "group": ("import os\nos.killpg(0, 9)", "crashed while it was imported (SIGKILL)"),
}


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    registering._warn.cache_clear()


@pytest.mark.parametrize("deed", DEEDS)
def test_a_plug_in_that_misbehaves_at_import_is_one_line(tmp_path, monkeypatch, deed):
    monkeypatch.setattr(trial, "SECONDS", 5.0 if deed == "hangs" else 60.0)
    before = set(sleepers())
    source, words = DEEDS[deed]
    path = tmp_path / f"plug_that_{deed}.py"
    path.write_text(source)
    with pytest.raises(PluginError) as raised:
        load_registry([path])
    assert str(path) in str(raised.value)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert path.stem not in sys.modules
    end = time.monotonic() + 10
    while left := set(sleepers()) - before:
        assert time.monotonic() < end, left


def sleepers():
    """Processes of this test session that sleep for 300 s."""
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = each.environ().get("RIS_TESTS") == os.environ["RIS_TESTS"]
            if ours and (each.name() == "sleep" or "methods.trial" in each.cmdline()):
                yield each.pid


@pytest.mark.parametrize("deed", ["raises", "exits", "crashes"])
def test_a_broken_entry_point_is_a_warning_that_names_it(tmp_path, monkeypatch, caplog, deed):
    module = f"installed_that_{deed}"
    (tmp_path / f"{module}.py").write_text(DEEDS[deed][0])
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("broken", f"{module}:METHODS", registering.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registering, "entry_points", lambda group: [point])
    assert "phash" in {spec.id for spec in load_registry()}
    (line,) = [record.getMessage() for record in caplog.records]
    assert "entry point broken" in line
    assert DEEDS[deed][1] in line


def test_a_version_of_a_plug_in_is_tried_once(tmp_path, monkeypatch):
    tried = []
    problem = trial._problem
    monkeypatch.setattr(trial, "_problem", lambda *arguments: tried.append(arguments) or problem(*arguments))
    path = tmp_path / "plug_tried_once.py"
    for source, times in ((GOOD, 1), (GOOD, 1), (GOOD + "MORE = 1", 2)):
        path.write_text(source.format(name=path.stem))
        sys.modules.pop(path.stem, None)
        assert "good" in {spec.id for spec in load_registry([path])}
        assert len(tried) == times


def spec(**changes):
    settings = {"id": "mine", "family": "pixels", "summary": "", "source": "", "method": Part("mine:Mine")}
    return MethodSpec(**{**settings, **changes})


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"id": ""}, "expected a text"),
        ({"id": 7}, "expected a text"),
        ({"id": "x" * 300}, "300 characters"),
        ({"id": "a\nb"}, "control characters"),
        ({"id": "a\x1b[31m"}, "control characters"),
        ({"id": "a\u202eb"}, "control characters"),
        ({"id": " a"}, "spaces at an end"),
        ({"id": "-a"}, "command line"),
        ({"id": "a@b"}, "command line"),
        ({"family": "magic"}, "family 'magic'"),
        ({"tasks": "retrieval"}, "tasks are 'retrieval'"),
        ({"tasks": ("guessing",)}, "task 'guessing'"),
        ({"requires": "numpy"}, "requires are 'numpy'"),
        ({"content": "cats"}, "content is 'cats'"),
        ({"method": None}, "neither a method nor an encoder"),
        ({"method": "mine:Mine"}, "expected a Part"),
        ({"method": Part("mine.Mine")}, "neither a class nor module:Class"),
        ({"method": Part("mine:Mine", {"seed": object()})}, "not plain values"),
        ({"method": Part("mine:Mine", {"seed": float("nan")})}, "not plain values"),
        ({"method": Part("mine:Mine", {1: 2})}, "a name among them is no text"),
        ({"method": Part("mine:Mine", None)}, "not plain values"),
        ({"summary": None}, "summary is no text of one line"),
        ({"summary": "two\nlines"}, "summary is no text of one line"),
        ({"source": "x" * 1001}, "source is no text of one line and at most 1000 characters"),
        ({"reference": 5}, "reference is no text"),
        ({"supervised": "no"}, "supervised is 'no', expected True or False"),
        ({"learns": None}, "learns is None, expected True or False"),
        ({"input": 5}, "input is 5, expected an InputContract"),
        ({"requires": ("",)}, "requires '', which is no name of a package"),
        ({"requires": ("a b",)}, "requires 'a b', which is no name of a package"),
    ],
)
def test_a_malformed_entry_is_refused_when_it_is_registered(changes, words):
    with pytest.raises(PluginError) as raised:
        Registry([spec(**changes)])
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_ids_of_any_script_are_taken_and_twins_refused():
    Registry([spec(id=name) for name in ("猫", "犬", "mean colour", "mean/colour", ".dot")])
    Registry([spec(id="\U0001f468\u200d\U0001f469")])  # joined by a character that nobody sees
    with pytest.raises(PluginError, match="already registered"):
        Registry([spec(id="caf\u00e9"), spec(id="cafe\u0301")])


@pytest.mark.parametrize(("one", "other"), [("Mine", "mine"), ("\ufb01t", "fit"), ("ab", "a\u200db"), ("mine", "mine")])
def test_ids_that_people_or_file_systems_take_for_one_another_are_refused(one, other):
    with pytest.raises(PluginError, match="already registered; give yours another id"):
        Registry([spec(id=one), spec(id=other)])
