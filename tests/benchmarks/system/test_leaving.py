"""A signal at any moment of a command, its first imports and its last deeds included, ends it in one line or none."""

import os
import signal
import subprocess
import sys
import time

import pytest
from search_support import ROOT

from benchmarks.system.leaving import INTERRUPTED

SAID = "interrupted; what was finished is kept, the same command goes on from there"
AT_IMPORT = """\
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            {deed}
sys.meta_path.insert(0, Finder())
sys.argv = ["ris", "--version"]
from benchmarks.__main__ import main
main()
"""
AT_EXIT = """\
import atexit, os, signal, sys, time
sys.argv = ["ris", "--version"]
from benchmarks.__main__ import main
def deed():
    {deed}
atexit.register(deed)
main()
"""


def ended(code, tmp_path):
    """How a process of this code ended: its exit code, what it said, what it left in the temporary folder."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: [signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)],
    )
    return done.returncode, done.stderr.strip(), [path.name for path in tmp_path.iterdir()], time.monotonic() - began


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("module", ["benchmarks.system.failing", "typer", "rich.console", "benchmarks.cli.app"])
def test_a_signal_while_it_imports(tmp_path, module, number):
    code = AT_IMPORT.format(module=module, deed=f"os.kill(os.getpid(), signal.{number})")
    assert ended(code, tmp_path)[:3] == (INTERRUPTED, SAID, [])


def test_an_interrupt_within_generated_code_has_the_same_exit_code(tmp_path):
    """Python remembers one that `exec` passed on, and would end the process by the signal in the end."""
    code = AT_IMPORT.format(module="typer", deed="exec('os.kill(os.getpid(), signal.SIGINT)', globals())")
    assert ended(code, tmp_path)[:3] == (INTERRUPTED, SAID, [])


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_once_the_command_is_done_changes_nothing(tmp_path, number):
    code = AT_EXIT.format(deed=f"os.kill(os.getpid(), signal.{number}); time.sleep(0.2)")
    assert ended(code, tmp_path)[:3] == (0, "", [])


def test_an_end_that_takes_long_is_ended_by_a_signal(tmp_path):
    late = "import threading; threading.Timer(2.5, os.kill, (os.getpid(), signal.SIGINT)).start(); time.sleep(60)"
    code, said, _, seconds = ended(AT_EXIT.format(deed=late), tmp_path)
    assert (code, said) == (INTERRUPTED, "")
    assert seconds < 40
