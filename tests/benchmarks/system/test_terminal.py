"""What is being done is shown on a terminal, and said now and then where there is none."""

import io
import time

import pytest
from tests_support import wait_for

from benchmarks.system import terminal
from benchmarks.system.terminal import Console


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(terminal, "SPEAKS_EVERY", 0.01)
    return io.StringIO()


def test_a_log_hears_what_takes_long(log):
    with Console(file=log).status("looking") as status:
        wait_for(lambda: "    looking\n" in log.getvalue())
        status.update("looking at [b]: 3 images")
        wait_for(lambda: "    looking at [b]: 3 images\n" in log.getvalue())
    time.sleep(0.05)
    said = log.getvalue()
    time.sleep(0.05)
    assert log.getvalue() == said


def test_what_is_soon_done_is_not_told(log, monkeypatch):
    monkeypatch.setattr(terminal, "SPEAKS_EVERY", 60)
    with Console(file=log).status("looking"):
        pass
    assert log.getvalue() == ""


def test_a_terminal_has_a_spinner_alone(log):
    with Console(file=log, force_terminal=True, width=80).status("looking"):
        time.sleep(0.1)
    assert "    looking\n" not in log.getvalue()
    assert "looking" in log.getvalue()
