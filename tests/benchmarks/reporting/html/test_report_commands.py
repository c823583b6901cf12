"""The commands that a report names make that very report: they run as they stand, with its folder and plug-ins."""

import shlex
from pathlib import Path

import pytest
from report_support import HandMade
from test_cli import PLUGIN, cli

from benchmarks.core.cells import Cell
from benchmarks.reporting.html.commands import report_command, run_command, scaling_command
from benchmarks.reporting.tables.groups import make_groups
from methods.registry import load_registry


def made(out, *methods, plugins=(), **cell):
    """The group of stored cells of these methods, and the report's command for it."""
    cells = HandMade(out)
    for method in methods:
        cells.add(method, right=5, **cell)
    (group,) = make_groups(cells.store, load_registry(plugins))
    return group, run_command(group).split(" && ")


def words(command):
    program, *rest = shlex.split(command)
    assert (program, rest[:2]) == ("python", ["-m", "benchmarks"])
    return rest[2:]


def test_a_report_of_a_plug_in_in_a_folder_of_its_own_is_made_again(tmp_path):
    out = tmp_path / "my out"
    _, (run, report) = made(out, "phash", "mean-colour", plugins=[PLUGIN])
    done = cli(*words(run), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "mean-colour" in done.stdout and "phash" in done.stdout and "pixels" not in done.stdout
    again = cli(*words(report))
    assert again.returncode == 0, again.stderr
    assert (out / "report" / "index.html").is_file()
    assert "lfw:standard" in words(run) and "retrieval" in words(run)


def test_all_methods_are_named_as_all(tmp_path):
    registry = load_registry()
    methods = [spec.id for spec in registry if "retrieval" in spec.tasks and not spec.weights]
    _, (run, _) = made(tmp_path / "all", *methods)
    assert "--all" in words(run) and "-m" not in words(run)
    _, (run, _) = made(tmp_path / "some", *methods[:5])
    assert "--all" not in words(run) and words(run).count("-m") == 5


@pytest.mark.parametrize(("device", "named"), [("cpu", False), ("gpu", True)])
def test_a_run_on_a_gpu_says_so(tmp_path, device, named):
    _, (run, _) = made(tmp_path, "phash", device=device)
    assert ("--device" in words(run)) is named


def test_an_engine_takes_a_run_of_its_own(tmp_path):
    _, commands = made(tmp_path, "mobilenetv2", "mobilenetv2@openvino")
    plain, other, _ = map(words, commands)
    assert "--engine" not in plain
    assert other[other.index("--engine") + 1] == "openvino" and "mobilenetv2" in other


def test_the_usual_folder_goes_without_saying(tmp_path):
    assert report_command() == "python -m benchmarks report"
    assert report_command(Path("a b"), [Path("p.py")]) == "python -m benchmarks report --plugin p.py --out 'a b'"
    scaling, report = scaling_command(["phash"], "lfw:full", [20, 40], tmp_path).split(" && ")
    assert words(scaling)[-2:] == words(report)[-2:] == ["--out", str(tmp_path)]


def test_a_folder_with_blanks_in_its_name_is_one_word(tmp_path):
    cells = HandMade(tmp_path, dataset="folder:/photos of mine")
    cells.add("phash", right=5)
    (group,) = make_groups(cells.store, load_registry())
    assert group.entries[0][0] == Cell("folder:/photos of mine", "standard", "retrieval", "phash")
    assert "folder:/photos of mine:standard" in words(run_command(group).split(" && ")[0])
