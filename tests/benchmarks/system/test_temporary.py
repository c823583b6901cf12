"""What computing processes leave in the temporary folder goes with them, however they end."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from test_cli import cli

from benchmarks.system.temporary import PREFIX, remove_abandoned, temporary_folder

PLUGIN = Path(__file__).parents[2] / "plugins" / "littering.py"


@pytest.fixture
def scratch():
    """A temporary folder with a short name, as the system's is."""
    folder = tempfile.mkdtemp(prefix="t", dir="/tmp")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        (("run", "-m", "littering-well", "-m", "littering-killed", "--jobs", "2"), 1, "SIGKILL"),
        (("latency", "-m", "littering-well", "-m", "littering-killed", "--rounds", "2"), 1, "littering-killed"),
        (("stream", "-m", "littering-well", "--size", "60"), 0, "littering-well"),
        (("indexes", "--vectors", "littering-well:lfw:smoke", "-i", "faiss-flat", "--rounds", "2"), 0, "faiss-flat"),
        (("shard", "littering-well", "-d", "lfw:smoke", "--shards", "2", "--block", "60"), 0, "littering-well"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_nothing_is_left_in_the_temporary_folder(scratch, tmp_path, command, code, says):
    where = ("-d", "lfw:smoke") if command[0] in ("run", "latency", "stream") else ()
    task = ("--task", "retrieval") if command[0] == "run" else ()
    done = cli(*command, *where, *task, "--plugin", PLUGIN, "--out", tmp_path / "out", TMPDIR=str(scratch))
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(scratch.iterdir()) == []


def test_a_folder_whose_holder_was_killed_is_removed_and_others_stay(scratch):
    abandoned, young, foreign = (scratch / name for name in (f"{PREFIX}dead", f"{PREFIX}young", "other"))
    for folder in (abandoned, young, foreign):
        folder.mkdir()
    tempfile.tempdir, before = str(scratch), tempfile.tempdir
    try:
        with temporary_folder() as held:
            for folder in (abandoned, foreign, held):
                os.utime(folder, (0, 0))
            remove_abandoned(scratch)
            assert (abandoned.exists(), young.exists(), foreign.exists(), held.exists()) == (False, True, True, True)
        assert not held.exists()
    finally:
        tempfile.tempdir = before


def test_a_long_temporary_folder_leaves_room_for_the_addresses_of_sockets(tmp_path, photo_folder):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    where = ("-d", f"folder:{photo_folder}", "--subset", "smoke", "--task", "retrieval")
    done = cli("run", "-m", "pixels", *where, "--out", tmp_path / "out", TMPDIR=str(long))
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(long.iterdir()) == []
