"""Files made to crash their readers, and archives made to confuse: an error of ours, and this process lives."""

import io
import os
import signal
import tarfile

import numpy as np
import pytest
import scipy.io

from datasets import mat_reader
from datasets.archives import unpack
from datasets.errors import DataError, DownloadError, WeightsError
from datasets.imdb_wiki import ImdbWiki
from methods import h5_probe, weights


def crashing(tmp_path, monkeypatch, module):
    """Make the reader's process end as it does on a crafted file: by SIGSEGV."""
    script = tmp_path / "reader.py"
    script.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(module, "__file__", str(script))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "imdb_crop").mkdir()
    scipy.io.savemat(tmp_path / "imdb_crop" / "imdb.mat", {"imdb": {"dob": np.ones(3)}})
    return tmp_path


def test_a_struct_is_read(tmp_path):
    values = {"number": np.arange(3.0), "text": np.array(["a", "ü"], dtype=object)}
    scipy.io.savemat(tmp_path / "x.mat", {"x": values})
    rows = mat_reader.read_struct(tmp_path / "x.mat", "x", ("number", "text", "absent"))
    assert set(rows) == {"number", "text"}
    assert rows["number"].tolist() == [0, 1, 2]
    assert rows["text"].tolist() == ["a", "ü"]


def test_a_reader_that_crashes_is_an_error(root, tmp_path, monkeypatch):
    crashing(tmp_path, monkeypatch, mat_reader)
    with pytest.raises(DataError, match=f"its reader ended with -{int(signal.SIGSEGV)}"):
        ImdbWiki(root).items()


def crafted(path, place, word):
    """A valid struct with one 32-bit word of its headers changed (see the MAT-file format, version 5)."""
    scipy.io.savemat(path, {"imdb": {"dob": np.arange(3.0)}})
    data = bytearray(path.read_bytes())
    data[place : place + 4] = word.to_bytes(4, "little")
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("place", "word"),
    [(128, 0), (128, 2**32 - 1), (132, 0)],
    ids=["type of the element", "unknown type", "size of the element"],
)
def test_headers_that_cannot_be_are_an_error(tmp_path, place, word):
    path = tmp_path / "imdb.mat"
    crafted(path, 148, 0)  # which it is
    assert mat_reader.read_struct(path, "imdb", ("dob",))["dob"].tolist() == [0, 1, 2]
    crafted(path, place, word)
    with pytest.raises(mat_reader.UnreadableError):
        mat_reader.read_struct(path, "imdb", ("dob",))


@pytest.mark.parametrize("place", [160, 180, 196, 204, 228, 244], ids="{} bytes".format)
def test_lengths_that_lie_never_make_other_rows(tmp_path, place):
    """Dimensions, length of a name, sizes of the field's array, its dimensions and its numbers: 2^31 - 1."""
    path = tmp_path / "imdb.mat"
    crafted(path, place, 2**31 - 1)
    try:
        rows = mat_reader.read_struct(path, "imdb", ("dob",))
    except mat_reader.UnreadableError:
        return
    assert "dob" not in rows or rows["dob"].tolist() == [0, 1, 2]


def test_weights_that_crash_their_reader(tmp_path, monkeypatch):
    entry = next(each for each in weights.WEIGHTS.values() if each.file.endswith(".h5") and not each.checksums.known)
    path = tmp_path / entry.file
    path.write_bytes(os.urandom(64))
    assert weights.find_weights(entry.name, tmp_path) is not None  # refused in good order when it is loaded
    path.write_bytes(os.urandom(65))
    crashing(tmp_path, monkeypatch, h5_probe)
    with pytest.raises(WeightsError, match="SIGSEGV"):
        weights.find_weights(entry.name, tmp_path)


def test_an_archive_of_two_thousand_folders(tmp_path):
    with tarfile.open(tmp_path / "deep.tar", "w") as tar:
        entry = tarfile.TarInfo("a/" * 2000 + "x.jpg")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(DownloadError, match="2,001 folders deep"):
        unpack(tmp_path / "deep.tar", tmp_path / "out", max_bytes=10, max_files=10)
