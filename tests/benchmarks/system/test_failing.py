"""Full disks, closed outputs, poor terminals and small limits: one line, exit code 2, and what was finished is kept."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from bare_environment import bare_environment
from search_support import ROOT, fill

from benchmarks.system.failing import failure

LISTS = ("list", "methods", "--json")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("failing")
    fill(root / "photos", 12, labels=3)
    return root


def command(*arguments, place, limits=(), stdout=subprocess.PIPE, before=None, **environment):
    """The command under limits of the kernel; `before` runs in the child just before it starts."""
    env = bare_environment(COLUMNS="160", PYTHONPATH=str(ROOT)) | environment

    def prepare():
        for limit, value in limits:
            resource.setrlimit(limit, (value, value))
        if before:
            before()

    words = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(
        words, cwd=place, env=env, stdout=stdout, stderr=subprocess.PIPE, preexec_fn=prepare, timeout=200
    )


def run(place, out):
    return (
        "run",
        "-m",
        "pixels",
        "-d",
        f"folder:{place / 'photos'}",
        "--subset",
        "smoke",
        "--task",
        "retrieval",
        "--out",
        out,
    )


def one_line(done):
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert len(said.strip().splitlines()) == 1, said
    assert said.startswith("error: ")
    return said


@pytest.mark.parametrize("form", [LISTS, ("list", "methods"), "run"])
@pytest.mark.parametrize("output", ["full device", "closed pipe", "closed"])
def test_output_that_takes_nothing(place, tmp_path, form, output):
    arguments = run(place, tmp_path / "out") if form == "run" else form
    if output == "full device":
        with Path("/dev/full").open("wb") as full:
            said = one_line(command(*arguments, place=place, stdout=full))
        assert "No space left" in said
    elif output == "closed pipe":
        reading, writing = os.pipe()
        os.close(reading)
        said = one_line(command(*arguments, place=place, stdout=writing))
        os.close(writing)
        assert "standard output was closed" in said
    else:
        said = one_line(command(*arguments, place=place, stdout=None, before=lambda: os.close(1)))
        assert "standard output is closed" in said


@pytest.mark.parametrize("closed", [(2,), (0, 2)], ids=str)
def test_closed_streams_change_nothing(place, tmp_path, closed):
    """A run takes a copy of standard error; a file that is opened must not get its number."""
    done = command(*run(place, tmp_path / "out"), place=place, before=lambda: [os.close(number) for number in closed])
    assert (done.returncode, done.stderr) == (0, b""), done.stdout
    assert len(list((tmp_path / "out").rglob("cell.json"))) == 4


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("asked", ["list", "run"])
def test_terminals_that_lack_characters(place, tmp_path, encoding, asked):
    arguments = run(place, tmp_path / "out") if asked == "run" else ("list", "metrics")
    done = command(*arguments, place=place, PYTHONIOENCODING=encoding, LC_ALL="C")
    assert done.returncode == 0, done.stderr
    done.stdout.decode(encoding)


@pytest.mark.parametrize(
    ("limit", "value", "word"),
    [
        (resource.RLIMIT_AS, 200 << 20, "memory"),
        (resource.RLIMIT_AS, 480 << 20, "memory"),
        (resource.RLIMIT_NOFILE, 12, "open files"),
    ],
)
def test_limits_of_the_kernel(place, tmp_path, limit, value, word):
    done = command(*run(place, tmp_path / "out"), place=place, limits=[(limit, value)])
    if done.returncode == 0 and limit == resource.RLIMIT_AS:
        pytest.skip("the libraries of this machine need less than that")
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert "Traceback" not in said
    assert word in said.splitlines()[-1]


def test_a_full_disk_keeps_what_was_finished(place, tmp_path):
    """A limit on file sizes fails as a full disk does: in the middle of writing."""
    out = tmp_path / "out"
    done = command(*run(place, out), place=place, limits=[(resource.RLIMIT_FSIZE, 8 << 10)])
    said = one_line(done)
    assert "File too large" in said
    assert str(out) in said
    assert len(list(out.rglob("cell.json"))) >= 3
    again = command(*run(place, out), place=place)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("out", ["/proc/nowhere", "/dev/null", "/dev/full"])
def test_an_output_folder_that_cannot_be_written(place, out):
    assert "--out" in one_line(command(*run(place, out), place=place))


def test_a_long_temporary_folder(place, tmp_path):
    long = tmp_path / ("d" * 120)
    long.mkdir()
    done = command(*run(place, tmp_path / "out"), place=place, TMPDIR=str(long))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/b"),
        OSError(errno.EROFS, os.strerror(errno.EROFS), "/a\n\x1b/b"),
        OSError("AF_UNIX path too long"),
        PermissionError(errno.EACCES, os.strerror(errno.EACCES), b"/a\xff"),
        MemoryError(),
        RuntimeError("can't start new thread"),
        UnicodeEncodeError("ascii", "≈", 0, 1, "ordinal not in range"),
    ],
)
def test_every_such_error_has_a_line(error):
    said = failure(error)
    assert said
    assert said.isprintable()


def test_a_fault_of_the_program_is_none_of_them():
    assert failure(KeyError("x")) is None
    assert failure(RuntimeError("x")) is None
