"""Counts of instructions: read from what callgrind leaves, compared with a baseline, refused where they cannot be."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.instructions import baseline
from benchmarks.instructions import count as counting
from benchmarks.instructions.baseline import Change, compared, table, write_baseline
from benchmarks.instructions.child import MARKER, main
from benchmarks.instructions.count import CountError, count
from benchmarks.instructions.paths import PATHS
from benchmarks.reporting.tables.formats import to_markdown

FAKE = """#!{python}
import os, pathlib, sys
out = next(word.split("=", 1)[1] for word in sys.argv if word.startswith("--callgrind-out-file"))
assert "--dump-before={marker}" in sys.argv and os.environ["OPENBLAS_CORETYPE"] == "Nehalem"
for number, found in enumerate({counts}):
    pathlib.Path(f"{{out}}.{{number + 1}}").write_text(f"events: Ir\\nsummary: {{found}}\\n1 2\\n")
pathlib.Path(out).write_text("events: Ir\\nsummary: 1\\n")
sys.stderr.write("it went wrong\\n")
sys.exit({code})
"""


@pytest.fixture
def valgrind(tmp_path, monkeypatch):
    """Puts a program on the path that leaves the given counts, as callgrind would."""

    def put(counts, code=0):
        tool = tmp_path / "bin" / "valgrind"
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(FAKE.format(python=sys.executable, marker=MARKER, counts=counts, code=code))
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tool.parent))

    return put


def test_counts_are_told_apart_from_what_prepares_them(valgrind):
    valgrind([9000, 100, 101, 7000, 50, 52])
    found = count(["decode", "top k"], repeats=2)
    assert {name: calls.tolist() for name, calls in found.items()} == {"decode": [100, 101], "top k": [50, 52]}


@pytest.mark.parametrize(
    ("counts", "code", "told"),
    [([9000, 100], 0, "left 2 counts, not 3"), ([1, 2, 3], 1, "it went wrong"), (["'?'", 1, 2], 0, "holds no count")],
)
def test_a_tool_that_fails_is_one_line(valgrind, counts, code, told):
    valgrind(str(counts).replace('"', ""), code)
    with pytest.raises(CountError, match=told):
        count(["decode"], repeats=2)


def test_without_the_tool_it_is_said_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["bench", "--instructions", "--out", str(tmp_path)])
    assert isinstance(done.exception, CountError) and "install valgrind" in str(done.exception)


def test_every_path_can_be_called_again_and_again_with_the_same_answer():
    for name, make in PATHS.items():
        call = make()
        first, second = call(), call()
        assert str(first) == str(second), name


def test_the_counted_process_marks_every_call(monkeypatch):
    marks = []
    monkeypatch.setattr("benchmarks.instructions.child.os.getpgrp", lambda: marks.append(1))
    spun = []
    monkeypatch.setattr("benchmarks.instructions.child.spin", spun.append)
    main(json.dumps({"paths": ["top k", "loop"], "repeats": 3, "planted": {"top k": 7}}))
    assert len(marks) == 2 * (3 + 1) and spun == [7, 7, 7]


@pytest.fixture
def here(monkeypatch):
    facts = {"python": "3.11.2", "numpy": "2.0"}
    monkeypatch.setattr(baseline, "circumstances", lambda: dict(facts))
    return facts


def test_one_percent_more_is_worse_and_half_a_percent_is_not(here, tmp_path):
    path = tmp_path / "instructions.json"
    write_baseline(path, {"a": 100_000, "b": 100_000, "c": 100_000})
    changes = compared(path, {"a": 101_000, "b": 100_500, "c": 98_000, "d": 5})
    assert [each.verdict for each in changes] == ["worse", "same", "better", "new"]
    text = to_markdown(table(changes))
    assert "| a | 100,000 | 101,000 | +1.00% | worse |" in text and "| d |  | 5 |  | new |" in text
    assert "OPENBLAS_CORETYPE=Nehalem" in text.replace("\\", "")


def test_counts_of_other_circumstances_are_refused(here, tmp_path):
    path = tmp_path / "instructions.json"
    with pytest.raises(CountError, match="no counts are stored in .*--update"):
        compared(path, {"a": 1})
    write_baseline(path, {"a": 100})
    here["numpy"] = "2.1"
    with pytest.raises(CountError, match=r"numpy 2\.0, here 2\.1"):
        compared(path, {"a": 100})


@pytest.mark.parametrize(("now", "code"), [(100, 0), (102, 1)])
def test_the_command_ends_with_1_where_a_path_is_worse(here, tmp_path, monkeypatch, now, code):
    calls = iter([100, now])

    def counted(paths, repeats):
        value = next(calls)
        return {name: np.full(repeats, value) for name in paths}

    monkeypatch.setattr(baseline, "count_instructions", counted)
    run = CliRunner()
    assert run.invoke(app, ["bench", "--instructions", "--update", "--out", str(tmp_path)]).exit_code == 0
    done = run.invoke(app, ["bench", "--instructions", "--out", str(tmp_path)])
    assert done.exit_code == code, done.output
    assert "| decode | 100 |" in (tmp_path / "instructions.md").read_text()


def test_a_change_without_a_baseline_has_no_share():
    assert Change("a", None, 3).share is None and counting.PINNED
