"""No process outlives its cell, and no cell its run: whatever sessions it opens, and however the run ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from test_cli import ROOT
from tests_support import wait_for

from benchmarks.execution.runner import Limits
from benchmarks.system.processes import BLANK, MARK, Family, end_strays
from methods.registry import load_registry

PLUGIN = Path(__file__).parents[2] / "plugins" / "lingering.py"
DAEMON = f"daemon-of-a-cell-of-{os.environ['RIS_TESTS']}"
GONE = 5.0
"""Seconds within which nothing may be left."""


@pytest.fixture
def lingering(bench):
    """A bench with the plug-in."""
    bench.registry = load_registry([PLUGIN])
    yield bench
    for stray in _alive():
        stray.kill()


def _alive():
    """Daemons by their command line, and whatever these tests started that bears the mark of a job."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            is_started_here = environment.get("RIS_TESTS") == os.environ["RIS_TESTS"] and process.pid != os.getpid()
            is_job = is_started_here and environment.get(MARK, BLANK) != BLANK
            if (is_job or DAEMON in process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("then", ["", "sleep", "die"])
@pytest.mark.parametrize("daemon", ["session", "bare", "orphan", "fork"])
def test_a_daemon_ends_with_its_cell(lingering, daemon, then):
    name = f"lingering-{daemon}" + (then and f"-{then}")
    row = lingering.run(name, limits=Limits(timeout=6), plugins=(PLUGIN,))[name]
    assert row["status"] == {"": "ok", "sleep": "timeout", "die": "killed"}[then], row
    wait_for(lambda: not _alive(), GONE)


def test_the_memory_of_a_daemon_counts(lingering):
    limits = Limits(timeout=60, memory_bytes=1 << 30)
    row = lingering.run("lingering-eater-sleep", limits=limits, plugins=(PLUGIN,))["lingering-eater-sleep"]
    assert row["status"] == "oom", row


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_nothing_outlives_a_run_that_is_ended(lingering, tmp_path, number, jobs):
    run = _start(lingering, tmp_path / "ended", jobs)
    os.kill(run.pid, number)
    output, _ = run.communicate(timeout=30)
    wait_for(lambda: not _alive(), GONE)
    if number == signal.SIGKILL:
        assert run.returncode == -signal.SIGKILL
    else:
        assert run.returncode == 130
        assert "interrupted; what was finished is kept" in output


def test_a_run_under_nohup_outlives_a_hangup(lingering, tmp_path):
    run = _start(lingering, tmp_path / "nohup", "1", before=["nohup"])
    os.kill(run.pid, signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(2)
    run.terminate()
    assert run.wait(30) == 130


def test_the_next_run_ends_and_names_strays_of_its_output_folder(tmp_path):
    strays = {name: _sleeper(tmp_path / name, owner) for name, owner in [("ours", "1.1"), ("other", "1.1")]}
    owned = _sleeper(tmp_path / "ours", None)  # of a run that goes on beside this one
    try:
        assert end_strays(tmp_path / "ours") == [f"{psutil.Process(owned.pid).name()} ({strays['ours'].pid})"]
        assert strays["ours"].wait(5) == -signal.SIGKILL
        assert strays["other"].poll() is None and owned.poll() is None
        assert end_strays(tmp_path / "ours") == []
    finally:
        for process in (*strays.values(), owned):
            process.kill()
            process.wait()


def _sleeper(out, owner):
    """A process with a mark as a job of `out` has it, with an owner that never was or this process."""
    parts = Family(out).mark.split(".")
    mark = ".".join([parts[0], *(owner.split(".") if owner else parts[1:3]), *parts[3:]])
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, MARK: mark})


def _heed_hangups():
    """As in a terminal: whoever started these tests may have had them ignored (nohup)."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _start(bench, out, jobs, before=()):
    """A real run whose cells sleep, each with a daemon; returned once those are there."""
    methods = ["-m", "lingering-orphan-sleep", "-m", "lingering-fork-sleep"]
    where = ["-d", f"folder:{bench.folder}", "--subset", "smoke", "--task", "retrieval", "--out", str(out)]
    run = subprocess.Popen(
        [*before, sys.executable, "-m", "benchmarks", "run", *methods, *where, "--jobs", jobs, "--plugin", str(PLUGIN)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_hangups,
    )
    wait_for(lambda: len(_alive()) >= 2 * int(jobs), 90)
    return run
