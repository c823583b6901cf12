"""A cell that could leave nothing, not even why: its run ends in one line where the disk is full."""

import errno
import os
import subprocess
import sys

import pytest

from benchmarks.execution import launch
from benchmarks.execution.worker import UNWRITTEN
from benchmarks.system import files
from benchmarks.system.failing import failure

CHILD = """
import errno, os, sys
from pathlib import Path
from types import SimpleNamespace
from benchmarks.execution import worker

def full(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

worker.write_json = full
worker.traceback.print_exc = full
worker.contained(SimpleNamespace(workdir=Path(sys.argv[1]), cell=SimpleNamespace(method="pixels")), full)
"""


FULL = """
import errno, os, sys
from pathlib import Path
from types import SimpleNamespace
from benchmarks.execution import worker

def full(job):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), sys.argv[2])

worker.contained(SimpleNamespace(workdir=Path(sys.argv[1]), cell=SimpleNamespace(method="pixels")), full)
"""


def test_rows_that_do_not_fit_end_the_run_though_there_is_room_for_a_reason(tmp_path):
    """What was half written is removed, so that there is room again: every other cell would end so, one by one."""
    wanted = tmp_path / "rows" / "gallery.npz"
    assert subprocess.run([sys.executable, "-c", FULL, tmp_path, wanted], timeout=120).returncode == 1
    with pytest.raises(OSError) as caught:
        launch._outcome(tmp_path, None, 1, 1.0)
    assert failure(caught.value).startswith(f"{wanted}: No space left on device: free some space")


def test_another_disk_that_is_full_is_the_cells_own_trouble(tmp_path):
    assert subprocess.run([sys.executable, "-c", FULL, tmp_path, "/proc/full"], timeout=120).returncode == 1
    assert launch._outcome(tmp_path, None, 1, 1.0).status == "error"


def is_full(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_process_that_can_leave_nothing_says_so_by_its_exit_code(tmp_path):
    done = subprocess.run([sys.executable, "-c", CHILD, tmp_path], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (UNWRITTEN, b"")


def test_it_ends_the_run_where_the_disk_is_full(tmp_path, monkeypatch):
    outcome = launch._outcome(tmp_path, None, UNWRITTEN, 1.0)
    assert (outcome.status, outcome.reason) == ("killed", f"its process ended by exit code {UNWRITTEN}")
    monkeypatch.setattr(files.tempfile, "TemporaryFile", is_full)
    with pytest.raises(OSError) as caught:
        launch._outcome(tmp_path, None, UNWRITTEN, 1.0)
    assert failure(caught.value).startswith(f"{tmp_path}: No space left on device: free some space")
    assert launch._outcome(tmp_path, None, 1, 1.0).status == "killed"
