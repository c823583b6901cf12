"""What a run leaves in results/ is no part of the repository, and goes with `make clean`; published tables stay."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {".ci", ".github", "benchmarks", "datasets", "docs", "methods", "results", "tests"}
LEFT = ("overview.md", "claims.csv", "cells/lfw/a.json", "engines/a.json", "peers/results.json", "report/index.html")


@pytest.fixture
def checkout(tmp_path):
    """The repository's rules over the files that runs write, with one published table committed."""
    for name in (".gitignore", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (*LEFT, "reference/overview.md"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_text(name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def untracked(folder):
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return sorted(line[3:] for line in done.stdout.splitlines())


def test_no_run_left_its_cells_or_caches_in_the_repository():
    """A run with `--out .` makes folders of its own beside the sources; 62 MB of drawn images once went in that way."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("no git checkout here: what belongs to the sources is not known")
    known = [Path(name) for name in done.stdout.split("\0") if name]
    assert {path.parts[0] for path in known if len(path.parts) > 1} == FOLDERS
    assert {path.parts[1] for path in known if path.parts[0] == "results"} == {"reference"}


def test_git_sees_the_published_tables_alone(checkout):
    assert untracked(checkout) == [".gitignore", "Makefile", "results/reference/overview.md"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_clean_removes_what_runs_leave_and_nothing_published(checkout):
    (checkout / ".venv").mkdir()
    subprocess.run(["make", "--silent", "clean"], cwd=checkout, check=True)
    assert [path.name for path in (checkout / "results").iterdir()] == ["reference"]
    assert (checkout / "results" / "reference" / "overview.md").is_file()
    assert not (checkout / ".venv").exists()
