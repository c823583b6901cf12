"""A file is the old version or the new one, whatever happens while it is written; nothing half-written stays."""

import os
import resource
import signal

import numpy as np
import pytest

from datasets.replacing import remove_abandoned, unwritable, write_atomically
from datasets.synthetic.drawings import Drawings
from methods.training.checkpoint import save_arrays


@pytest.fixture
def little_room():
    """No file of more than 64 KiB: it fails as a full disk does, in the middle of writing."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


def _saved(path):
    with write_atomically(path) as file:
        np.save(file, np.zeros(1 << 18))


def _written(path):
    with write_atomically(path) as file:
        file.write(bytes(1 << 20))


@pytest.mark.parametrize("write", [_saved, _written, lambda path: save_arrays(path, {"a": np.zeros(1 << 18)})])
def test_a_full_disk_is_named_and_leaves_the_old_version(tmp_path, little_room, write):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(OSError) as caught:
        write(path)
    assert caught.value.filename == str(path)
    assert caught.value.errno and caught.value.strerror
    assert str(caught.value).endswith(f": {str(path)!r}")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_a_drawing_that_finds_no_room_is_drawn_and_leaves_nothing(tmp_path, little_room):
    data = np.random.default_rng(0).bytes(1 << 18)
    assert Drawings(tmp_path, "version").read("name", lambda: data) == data
    assert list((tmp_path / "version").iterdir()) == []


def test_what_a_killed_process_had_half_written_goes(tmp_path):
    (tmp_path / "deep").mkdir()
    names = {"dead": ".a.npz.999999999.part", "alive": f".b.npz.{os.getpid()}.part", "young": ".c.npz.999999999.part"}
    for kind, name in names.items():
        (tmp_path / "deep" / name).touch()
        if kind != "young":
            os.utime(tmp_path / "deep" / name, (0, 0))
    remove_abandoned(tmp_path)
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {names["alive"], names["young"]}


def test_where_no_file_can_be_put_is_known_before_one_is_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    assert unwritable(tmp_path / "new" / "deeper") == ""
    assert unwritable(tmp_path / "file" / "deeper") == "Not a directory"
    monkeypatch.setattr(os, "access", lambda place, mode: place != tmp_path)  # permissions do not hold root up
    assert unwritable(tmp_path / "new" / "deeper") == "Permission denied"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
