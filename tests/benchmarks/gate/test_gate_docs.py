"""The commands that the workflow and its documentation run are real: every command and option exists."""

import re
from pathlib import Path

import pytest
import typer

from benchmarks.cli.app import app

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "benchmark.yml"


def commands(path):
    """(words, options) of each `python -m benchmarks …` in a file, its continuation lines joined."""
    text = re.sub(r"\\\n|\n(?= +-)", " ", path.read_text())
    for line in re.findall(r"python -m benchmarks ([^\n`|#]*)", text):
        yield (
            [word for word in line.split() if not word.startswith("-")],
            set(re.findall(r"(?<=\s)--?[a-z][a-z-]*", line)),
        )


def options(words):
    """Of the command that the words begin with."""
    command = typer.main.get_command(app)
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        command = command.commands[word]
    assert command.name != "benchmarks" or words[0] == "benchmarks", f"no command {words[0]!r}"
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("path", [WORKFLOW, ROOT / "docs" / "regression-gate.md"], ids=lambda path: path.name)
def test_every_command_and_option_exists(path):
    found = list(commands(path))
    assert len(found) >= 4
    for words, used in found:
        assert used <= options(words), f"{words[0]}: {used - options(words)}"


def test_the_job_that_runs_a_pull_requests_code_may_only_read():
    text = WORKFLOW.read_text()
    before, comment = text.split("\n  comment:\n")
    assert "permissions:\n  contents: read\n" in before
    assert "write" not in before.partition("jobs:")[2]
    assert "benchmarks " not in comment and "checkout" not in comment
    assert "pull_request_target" not in text
