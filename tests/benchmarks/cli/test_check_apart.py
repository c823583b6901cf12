"""`check` survives what it checks, and says what it has verified."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core import conformance

PLUGIN = Path(__file__).parents[2] / "plugins" / "bad_checks.py"


@pytest.mark.parametrize(
    "deed, words",
    [
        ("exit", "SystemExit"),
        ("end", "ended its process (exit code 0)"),
        ("crash", "ended its process (SIGSEGV)"),
        ("hang", "was not done after 8 s"),
    ],
)
def test_a_method_that_ends_or_hangs_fails_its_check(monkeypatch, deed, words):
    monkeypatch.setattr(conformance, "SECONDS", 8.0 if deed == "hang" else 120.0)
    done = CliRunner().invoke(app, ["check", f"check-{deed}", "--plugin", str(PLUGIN)])
    assert done.exit_code == 1, done.output
    assert words in done.output


def test_a_method_that_conforms_is_told_what_was_checked():
    done = CliRunner().invoke(app, ["check", "pixels"])
    assert done.exit_code == 0, done.output
    assert f"conforms ({len(conformance.NAMES)} checks: runs, depth, " in done.output
