"""The README's example of a method is real: it is run as it stands there."""

import re
import sys
from pathlib import Path

from methods.building import build_method
from methods.conformance import check
from methods.registry import load_registry

README = Path(__file__).parents[1] / "README.md"


def test_the_example_method_conforms(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(# mean_colour\.py.*?)```", README.read_text(), flags=re.S)
    (tmp_path / "mean_colour.py").write_text(code)
    monkeypatch.delitem(sys.modules, "mean_colour", raising=False)
    spec = load_registry([tmp_path / "mean_colour.py"]).get("mean-colour")
    assert check(lambda: build_method(spec), spec) == []


def test_every_command_in_the_table_exists():
    from benchmarks.cli.app import app

    commands = {command.name for command in app.registered_commands}
    rows = re.findall(r"^\| (`.*?) \| ", README.read_text(), flags=re.M)
    named = {word for row in rows for word in re.findall(r"`([a-z]+)", row)}
    assert named == commands
