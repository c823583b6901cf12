"""`fetch` end to end against a local server: data sets unpacked, weights verified, and the way by hand."""

import contextlib
import dataclasses
import hashlib
import io
import os
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from benchmarks.core import fetch as module
from benchmarks.core.fetch import NAMES, fetch, manual_steps
from datasets.checksums import Checksums
from datasets.download import download
from datasets.errors import DownloadError, UnknownNameError, WeightsError
from datasets.origins import ORIGINS, Archive, Origin, RemoteFile
from methods import weights as weights_module
from methods.weights import WEIGHTS, Found, find_weights
from methods.weights_catalogue import WeightsArchive

PAIRS = b"10\t300\n"
NET = b"the numbers of a network"


class Quiet(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            super().do_GET()

    def log_message(self, *args):
        pass


def tar_of(names):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 3
            tar.addfile(info, io.BytesIO(b"jpg"))
    return data.getvalue()


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A server with a small data set and a network, the tables that name them, and empty folders."""
    served = tmp_path / "served"
    served.mkdir()
    archive = tar_of([f"faces/Ann/Ann_000{i}.jpg" for i in range(3)])
    for name, content in {"faces.tgz": archive, "pairs.txt": PAIRS, "net.h5": NET}.items():
        (served / name).write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as httpd:
        httpd.paths = []
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{httpd.server_port}"
        faces = Origin(
            name="faces",
            files=(
                RemoteFile(
                    url=f"{url}/faces.tgz",
                    path="set/faces.tgz",
                    size=len(archive),
                    checksums=Checksums(sha256=hashlib.sha256(archive).hexdigest()),
                    archive=Archive(
                        root="faces", folder="set/faces", max_bytes=100, max_files=10, layout={"*/*.jpg": 3}
                    ),
                ),
                RemoteFile(
                    url=f"{url}/pairs.txt",
                    path="set/pairs.txt",
                    checksums=Checksums(md5=hashlib.md5(PAIRS).hexdigest()),
                ),
            ),
            licence="research",
            note="small [bold]faces[/bold]",
        )
        net = dataclasses.replace(
            WEIGHTS["resnet50"],
            name="net",
            file="net.h5",
            url=f"{url}/net.h5",
            size=len(NET),
            md5=hashlib.md5(NET).hexdigest(),
        )
        tables = {"net": net, "unchecked": dataclasses.replace(net, name="unchecked", file="un.h5", md5=None)}
        tables |= {name: WEIGHTS[name] for name in ("facenet-512-half", "mtcnn")}
        monkeypatch.setattr(module, "ORIGINS", {"faces": faces})
        monkeypatch.setattr(module, "WEIGHTS", tables)
        monkeypatch.setattr(weights_module, "WEIGHTS", tables)
        monkeypatch.setattr(module, "NAMES", ("faces", *tables))
        monkeypatch.setattr("datasets.download.ATTEMPTS", 1)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
        yield SimpleNamespace(
            data=tmp_path / "data", weights=tmp_path / "weights", served=served, requests=httpd.paths, url=url
        )
        httpd.shutdown()
        thread.join()


def run(world, *names, terminal=False):
    """Fetch; returns what was printed and the error, if any."""
    out = io.StringIO()
    error = None
    try:
        fetch(names, world.data, world.weights, Console(file=out, force_terminal=terminal, width=100))
    except DownloadError as raised:
        error = str(raised)
    return out.getvalue(), error


@pytest.mark.parametrize("terminal", [False, True])
def test_a_data_set_and_weights(world, terminal):
    printed, error = run(world, "faces", "net", terminal=terminal)
    assert error is None
    assert len(list((world.data / "set" / "faces").glob("*/*.jpg"))) == 3
    assert (world.data / "set" / "pairs.txt").read_bytes() == PAIRS
    assert (world.weights / "net.h5").read_bytes() == NET
    assert "3 files unpacked" in printed
    assert "small [bold]faces[/bold]" in printed


def test_plain_lines_hold_no_control_codes(world):
    printed, _ = run(world, "net")
    assert "\x1b" not in printed
    assert "\r" not in printed
    assert f"net.h5: {len(NET)} bytes of {len(NET)} bytes" in printed


def test_a_second_fetch_downloads_nothing(world):
    run(world, "faces", "net")
    world.requests.clear()
    printed, error = run(world, "faces", "net")
    assert error is None
    assert world.requests == []
    assert printed.count("here already") == 2


def test_files_brought_by_hand_are_verified_and_unpacked(world):
    (world.data / "set").mkdir(parents=True)
    for name in ("faces.tgz", "pairs.txt"):
        (world.served / name).rename(world.data / "set" / name)
    _, error = run(world, "faces")
    assert error is None
    assert world.requests == []
    assert (world.data / "set" / "faces" / "Ann" / "Ann_0000.jpg").exists()


def test_one_failure_does_not_stop_the_others_and_explains_the_way_by_hand(world):
    (world.served / "faces.tgz").unlink()
    printed, error = run(world, "faces", "net")
    assert "faces" in error
    assert "net" not in error.replace("not fetched", "")
    assert (world.weights / "net.h5").exists()
    assert (world.data / "set" / "pairs.txt").exists()
    assert "404" in printed
    assert f"get {world.url}/faces.tgz" in printed
    assert str(world.data / "set" / "faces.tgz") in printed


def test_a_wrong_checksum_is_a_failure_that_leaves_nothing(world):
    (world.served / "net.h5").write_bytes(NET[::-1])
    printed, error = run(world, "net")
    assert "not fetched: net" in error
    assert "expected " + hashlib.md5(NET).hexdigest() in printed
    assert list(world.weights.iterdir()) == []


def test_an_incomplete_folder_is_left_alone(world):
    (world.data / "set" / "faces" / "Ann").mkdir(parents=True)
    (world.data / "set" / "faces" / "Ann" / "Ann_0000.jpg").write_bytes(b"mine")
    printed, error = run(world, "faces")
    assert error
    assert "1 of 3 */*.jpg" in printed
    assert (world.data / "set" / "faces" / "Ann" / "Ann_0000.jpg").read_bytes() == b"mine"


def test_an_archive_with_too_little_in_it_is_told(world):
    archive = tar_of(["faces/Ann/Ann_0000.jpg"])
    (world.served / "faces.tgz").write_bytes(archive)
    file = dataclasses.replace(module.ORIGINS["faces"].files[0], size=None, checksums=Checksums())
    module.ORIGINS["faces"] = dataclasses.replace(module.ORIGINS["faces"], files=(file,))
    printed, error = run(world, "faces")
    assert error
    assert "1 of 3 */*.jpg" in printed


def test_without_a_published_checksum_its_own_is_kept(world):
    printed, error = run(world, "unchecked")
    assert error is None
    assert "not verified" in printed
    record = (world.weights / "un.h5.sha256").read_text()
    assert record == f"{hashlib.sha256(NET).hexdigest()}  un.h5\n"


def test_weights_without_an_address(world):
    printed, error = run(world, "facenet-512-half", "mtcnn")
    assert error.startswith("not fetched: facenet-512-half;")
    assert "half-precision copy" in printed
    assert str(world.weights / "inception_resnet_v1_512.h5") in printed


def test_tampered_weights_are_named_and_kept(world):
    world.weights.mkdir()
    (world.weights / "net.h5").write_bytes(b"tampered")
    printed, error = run(world, "net")
    assert error
    assert "delete" in printed
    assert (world.weights / "net.h5").read_bytes() == b"tampered"


def test_an_unknown_name_stops_before_anything_is_done(world):
    with pytest.raises(UnknownNameError, match="did you mean faces"):
        run(world, "net", "facse")
    assert world.requests == []
    with pytest.raises(UnknownNameError):
        manual_steps("facse")


def test_a_package_that_is_not_installed(world, monkeypatch):
    monkeypatch.setattr(module, "find_weights", lambda name, folder: None)
    printed, error = run(world, "mtcnn")
    assert "mtcnn" in error
    assert "pip install mtcnn" in printed


def test_weights_in_keras_own_cache_are_enough(world, monkeypatch):
    found = Found(world.data / "cached.h5", "https://example.org", "0" * 64)
    monkeypatch.setattr(module, "find_weights", lambda name, folder: found)
    printed, error = run(world, "net")
    assert error is None
    assert "cached.h5: here already" in printed
    assert world.requests == []


# The real tables


@pytest.mark.parametrize("name", NAMES)
def test_manual_steps_say_all_there_is_to_know(name):
    steps = manual_steps(name)
    if name in ORIGINS:
        for file in ORIGINS[name].files:
            for part in (file.url, f"$RIS_DATA/{file.path}", file.checksums.sha256 or file.checksums.md5):
                assert part in steps
        assert ORIGINS[name].licence in steps
    elif WEIGHTS[name].package is None:
        assert f"$RIS_WEIGHTS/{WEIGHTS[name].file}" in steps
        assert (WEIGHTS[name].url or WEIGHTS[name].note) in steps
        assert WEIGHTS[name].licence in steps


def test_every_data_set_file_is_verifiable_and_lies_where_the_loaders_look():
    from datasets.lfw import ARCHIVES

    assert not set(ORIGINS) & set(WEIGHTS)
    for origin in ORIGINS.values():
        for file in origin.files:
            assert file.checksums.known
            assert file.archive is None or file.archive.folder.split("/")[0] == file.path.split("/")[0]
    lfw = [file.archive.folder for name in ORIGINS if "lfw" in name for file in ORIGINS[name].files if file.archive]
    assert sorted(lfw) == sorted(f"lfw/{folder}" for folder in ARCHIVES)


@pytest.mark.skipif(not os.environ.get("RIS_DATA"), reason="RIS_DATA is not set")
def test_the_real_pair_lists_carry_the_published_checksums():
    """A data folder with LFW in it: the lists verify, and nothing is downloaded or written."""
    data = Path(os.environ["RIS_DATA"])
    before = sorted((data / "lfw").iterdir())
    lists = [file for file in ORIGINS["lfw"].files if file.archive is None and (data / file.path).is_file()]
    assert lists
    for file in lists:
        assert download(file.url, data / file.path, checksums=file.checksums, size=file.size).sha256
    assert sorted((data / "lfw").iterdir()) == before


@pytest.fixture
def archived(world):
    """A network of two files inside an archive."""
    parts = {"graph.bin": NET, "graph.json": b"{}"}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in {"other.txt": b"not wanted", **parts}.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    (world.served / "all.tgz").write_bytes(data.getvalue())
    archive = WeightsArchive(
        url=f"{world.url}/all.tgz",
        sha256=hashlib.sha256(data.getvalue()).hexdigest(),
        size=len(data.getvalue()),
        unpacked=1_000,
        members={name: f"package/{name}" for name in parts},
    )
    module.WEIGHTS["graph"] = dataclasses.replace(
        WEIGHTS["resnet50"],
        name="graph",
        file="graph.bin",
        url=None,
        size=None,
        md5=None,
        sha256=hashlib.sha256(NET).hexdigest(),
        beside={"graph.json": hashlib.sha256(b"{}").hexdigest()},
        archive=archive,
    )
    module.NAMES = (*module.NAMES, "graph")
    return world


def test_the_files_of_a_network_are_taken_out_of_its_archive(archived):
    printed, error = run(archived, "graph")
    assert error is None, printed
    assert {path.name for path in archived.weights.iterdir()} == {"all.tgz", "graph.bin", "graph.json"}
    found = find_weights("graph", archived.weights)
    assert found.path.read_bytes() == NET and found.origin == f"{archived.url}/all.tgz"
    archived.requests.clear()
    assert "here already" in run(archived, "graph")[0] and not archived.requests
    (archived.weights / "graph.json").unlink()
    assert find_weights("graph", archived.weights) is None
    (archived.weights / "graph.json").write_bytes(b"[]")
    with pytest.raises(WeightsError, match=r"graph\.json are not the published file"):
        find_weights("graph", archived.weights)


def test_an_archive_with_another_member_than_published_brings_nothing(archived):
    entry = module.WEIGHTS["graph"]
    module.WEIGHTS["graph"] = dataclasses.replace(entry, beside={"graph.json": "0" * 64})
    printed, error = run(archived, "graph")
    assert error and "graph.json is not the published file" in printed
    assert not (archived.weights / "graph.bin").exists()
    assert f"get {archived.url}/all.tgz" in manual_steps("graph")
