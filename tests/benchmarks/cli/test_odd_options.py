"""Option values that are none: one line, exit code 2."""

import itertools

import pytest
import typer
from search_support import cli, fill
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.cli.options import CheckedCommand
from datasets.errors import BenchmarkError


def _commands(command, words=()):
    """Every command with the words that call it."""
    if not hasattr(command, "commands"):
        return [(words, command)]
    return list(itertools.chain(*(_commands(each, (*words, name)) for name, each in command.commands.items())))


COMMANDS = _commands(typer.main.get_command(app))
NUMBERS = [
    (words, parameter.opts[0], parameter.type_descriptor.annotation)
    for words, command in COMMANDS
    for parameter in command.params
    if getattr(parameter, "type_descriptor", None) and parameter.type_descriptor.annotation in (int, float)
]


def refusal(*words):
    """What a command line says that is refused before the command is called."""
    done = CliRunner().invoke(app, list(words))
    if isinstance(done.exception, BenchmarkError):
        return str(done.exception)
    assert done.exit_code == 2 and "Usage: " in done.output, (words, done.output, done.exception)
    return " ".join(done.output.split())


def test_every_command_checks_its_options():
    assert len(NUMBERS) > 50
    assert {type(command) for _, command in COMMANDS} == {CheckedCommand}


@pytest.mark.parametrize("value", ["inf", "nan", "1e300", "9" * 400])
def test_numbers_that_are_none_are_refused_by_every_option(value):
    needed = {"search": ("x",), "duplicates": ("x",), "recommend": ("x",), "audit": ("x",), "explain": ("x", "y")}
    needed |= {"shard": ("x", "-d", "x"), "compare": ("x", "y")}
    for words, option, _ in NUMBERS:
        said = refusal(*words, *needed.get(words[0], ()), option, value)
        assert option in said or "No such option" not in said, said
        assert "give a finite number" in said or "Invalid value" in said, said


@pytest.mark.parametrize(
    "words",
    [
        ("search", ""),
        ("search", "x", "-g", ""),
        ("run", "--all", "--out", ""),
        ("run", "--all", "--out="),
        ("recommend", ""),
        ("duplicates", ""),
        ("audit", ""),
        ("serve", "-g", ""),
        ("status", "--data", ""),
        ("baseline", "update", "--reason", "x", "--file", ""),
    ],
)
def test_an_empty_value_is_not_the_current_folder(words):
    assert "is empty: give a value, or leave it out" in refusal(*words)


@pytest.mark.parametrize("option", ["--data", "--weights"])
@pytest.mark.parametrize(
    "words",
    [("doctor",), ("list", "methods"), ("engines", "-m", "mobilenetv2"), ("search", "x.png")],
    ids=lambda words: words[0],
)
def test_a_folder_to_read_that_is_not_there_is_refused(words, option):
    """Synthetic images would take the place of the data sets, and networks go without weights."""
    assert refusal(*words, option, "/no/such/folder").startswith(f"{option} /no/such/folder is not a folder")


def test_a_device_that_is_none_is_refused_by_engines_too():
    assert "unknown device 'cup': did you mean cpu" in refusal("engines", "-m", "mobilenetv2", "--device", "cup")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ("--memory-limit", "inf")),
        ("run", ("--timeout", "inf")),
        ("scaling", ("--memory-limit", "inf")),
        ("run", ("--backend", "dask", "--scheduler", "nonsense")),
        ("run", ("--backend", "dask", "--scheduler", "http://[::bad")),
    ],
)
def test_one_line(tmp_path, command, options):
    fill(tmp_path / "photos", 12, labels=3)
    done = cli(command, "-m", "pixels", "-d", "folder:photos", "--subset", "full", *options, cwd=tmp_path)
    said = done.stderr.decode().strip().splitlines()
    assert done.returncode == 2, said
    assert len(said) == 1
    assert said[0].startswith("error: ")


def test_a_broken_data_set_hides_no_other(tmp_path):
    crop = tmp_path / "imdb_crop"
    crop.mkdir(parents=True)
    (crop / "imdb.mat").write_bytes(b"MATLAB 5.0" + b"\xff" * 500)
    done = cli("list", "datasets", "--data", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"lfw" in done.stdout
