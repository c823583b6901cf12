"""`status --out X` shows what X holds, whatever subsets these are."""

import re
import shutil

from bench_support import PLUGIN
from test_cli import cli, one_line_error


def test_status_shows_every_stored_subset_and_nothing_else(tmp_path, photo_folder):
    out, photos = tmp_path / "out", tmp_path / "photos"
    shutil.copytree(photo_folder, photos)
    # One run of both: its smoke cells take all cores, as those of a run of smoke subsets alone do not.
    where = ("-d", f"folder:{photos}:full", "-d", f"folder:{photo_folder}:smoke", "--task", "retrieval")
    assert cli("run", "-m", "mean-colour", *where, "--plugin", PLUGIN, "--out", out).returncode == 0
    shown = cli("status", "--out", out, "--plugin", PLUGIN, COLUMNS="80")
    assert shown.returncode == 0, shown.stderr
    assert "8 cells: 8 done" in shown.stdout
    assert f"folder:{photos}:full, retrieval" in shown.stdout.splitlines()  # in one piece, however long
    without = cli("status", "--why", "--out", out)
    assert re.search("8 cells: .*2 unchecked", without.stdout)  # the plug-in's method is unknown without it
    shutil.rmtree(photos)
    gone = cli("status", "--out", out, "--plugin", PLUGIN)
    assert gone.returncode == 0, gone.stderr
    assert "cannot be checked" in gone.stdout
    assert "8 cells: 4 unchecked, 4 done" in gone.stdout or "8 cells: 4 done, 4 unchecked" in gone.stdout


def test_status_of_nothing_is_one_line(tmp_path):
    assert "nothing is stored" in one_line_error(cli("status", "--out", tmp_path / "none", cwd=tmp_path))
    assert not (tmp_path / "none").exists()
