"""Option values that are none: one line, exit code 2."""

import pytest
from search_support import cli, fill


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", ("--memory-limit", "inf")),
        ("run", ("--timeout", "inf")),
        ("scaling", ("--memory-limit", "inf")),
        ("run", ("--backend", "dask", "--scheduler", "nonsense")),
        ("run", ("--backend", "dask", "--scheduler", "http://[::bad")),
    ],
)
def test_one_line(tmp_path, command, options):
    fill(tmp_path / "photos", 12, labels=3)
    done = cli(command, "-m", "pixels", "-d", "folder:photos", "--subset", "full", *options, cwd=tmp_path)
    said = done.stderr.decode().strip().splitlines()
    assert done.returncode == 2, said
    assert len(said) == 1
    assert said[0].startswith("error: ")


def test_a_broken_data_set_hides_no_other(tmp_path):
    crop = tmp_path / "imdb_crop"
    crop.mkdir(parents=True)
    (crop / "imdb.mat").write_bytes(b"MATLAB 5.0" + b"\xff" * 500)
    done = cli("list", "datasets", "--data", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"lfw" in done.stdout
