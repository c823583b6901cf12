"""Processes that a command starts beside its cells: none dies of what a terminal sends to all of them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STARTED = {
    "a template process": "from benchmarks.execution.launch import prepare; prepare((), 1, Path(sys.argv[1]))",
    "a Dask cluster": "from benchmarks.execution.backends import dask\nwith dask._unheard_by_children(): pass",
}


@pytest.mark.parametrize("what", STARTED)
def test_a_closed_terminal_does_not_end_the_tracker_of_resources(tmp_path, what):
    """Its end is told of on standard error, in the midst of the command's last words."""
    program = f"""
import os, signal, sys, time
from pathlib import Path
from multiprocessing import resource_tracker
if __name__ == "__main__":
    signal.signal(signal.SIGHUP, lambda *heard: None)
    {STARTED[what].replace(chr(10), chr(10) + "    ")}
    time.sleep(1)
    os.killpg(0, signal.SIGHUP)
    time.sleep(1)
    resource_tracker.ensure_running()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert "resource_tracker" not in done.stderr
