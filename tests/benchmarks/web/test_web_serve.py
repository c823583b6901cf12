"""`serve` as a person starts it, in a process of its own."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from search_support import ROOT, cli, encoded, fill, picture
from upload_memory import UPLOADS

pytest.importorskip("fastapi")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_command_serves_until_it_is_interrupted(tmp_path, number):
    fill(tmp_path / "photos", 3)
    command = [sys.executable, "-m", "benchmarks", "serve", "-g", "photos", "--port", "0"]
    env = {"PYTHONPATH": str(ROOT), "RIS_INDEX": str(tmp_path / "index")}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: [signal.signal(each, signal.SIG_DFL) for each in (signal.SIGINT, signal.SIGHUP)],
    )
    try:
        address = process.stderr.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"photos (3 images)" in page.read()
        stranger = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(stranger, timeout=60)
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.stderr.close()


def test_a_port_that_is_taken_is_one_line(tmp_path):
    fill(tmp_path / "photos", 3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = cli("serve", "-g", "photos", "--port", taken.getsockname()[1], cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.decode().strip().splitlines()
    assert "cannot listen at 127.0.0.1:" in line


def test_an_empty_gallery_is_one_line(tmp_path):
    (tmp_path / "photos").mkdir()
    done = cli("serve", "-g", "photos", "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "holds no images" in done.stderr.decode()


def test_without_its_packages_it_names_the_extra(tmp_path):
    code = (
        "import importlib.util, sys\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'fastapi' else find(name, *more)\n"
        "sys.argv = ['benchmarks', 'serve', '-g', 'photos']\n"
        "from benchmarks.cli.app import main\n"
        "main()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 2
    assert "serve needs fastapi" in done.stderr
    assert "[web]" in done.stderr


@pytest.mark.parametrize("side", [2880, 5000, 7000])
@pytest.mark.parametrize("kind", UPLOADS)
def test_three_large_uploads_at_once_take_less_than_700_mb(tmp_path, kind, side):
    data = UPLOADS[kind](side)
    (tmp_path / f"{kind}-{side}").write_bytes(data)
    here = Path(__file__).parents[1]
    command = [sys.executable, str(here / "upload_memory.py"), str(tmp_path), kind, str(side)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parents[1]), str(here), str(here.parent)])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, check=True)
    *ends, peak = done.stdout.splitlines()
    assert len(ends) == 3
    fits = side == 2880 or (side == 5000 and kind in ("jpeg", "rgb"))
    assert all(end == "kept" if fits else "is larger than" in end for end in ends)
    assert int(peak) < 700, f"{len(data):,} bytes took {peak} MiB"


PICTURE = encoded(picture(3))
HOST = b"HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HEAD = b"POST /api/queries " + HOST + b"Content-Length: %d\r\n\r\n" % len(PICTURE)
SEARCH = b"POST /api/search " + HOST + b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n"
HANG_UPS = [
    b"",
    b"GET / HT",
    HEAD,
    HEAD + PICTURE[:40],
    HEAD + PICTURE,
    SEARCH + b'{"query": ',
    b"POST /api/queries " + HOST + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
    b"POST /api/queries " + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    b"GET / " + HOST + b"\r\n",
    (b"GET /static/search.js " + HOST + b"\r\n") * 20,
    b"\x00\xff" * 500,
]


def test_clients_that_hang_up_leave_no_traceback(tmp_path):
    with serving(tmp_path) as (process, port):
        for reset in (False, True):
            for sent in HANG_UPS:
                with socket.create_connection(("127.0.0.1", port), 60) as client:
                    if reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.sendall(sent)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/progress", timeout=60) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        said = process.stderr.read()
    assert "Traceback" not in said and "Error" not in said, said


@pytest.mark.parametrize(
    ("host", "asked", "names"),
    [
        ("::1", "[::1]", ("[::1]", "127.0.0.1")),
        ("0.0.0.0", "127.0.0.1", ("127.0.0.1", "10.0.0.7")),
        ("::", "[::1]", ("[::1]", "[fe80::7]")),
        ("localhost", "localhost", ("localhost",)),
    ],
)
def test_other_addresses_to_listen_at(tmp_path, host, asked, names):
    if ":" in host and not ipv6():
        pytest.skip("no IPv6 on this machine")
    with serving(tmp_path, "--host", host) as (_, port):
        for name in names:
            request = urllib.request.Request(f"http://{asked}:{port}/api/progress", headers={"Host": f"{name}:{port}"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert answer.status == 200
        stranger = urllib.request.Request(f"http://{asked}:{port}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(stranger, timeout=60)
        assert refused.value.code == 400
        assert b"--allow-host" in refused.value.read()


def ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@contextlib.contextmanager
def serving(place, *options):
    """The command over three pictures; its process and port, once it listens."""
    fill(place / "photos", 3)
    command = [sys.executable, "-m", "benchmarks", "serve", "-g", "photos", "--port", "0", *options]
    env = {"PYTHONPATH": str(ROOT), "RIS_INDEX": str(place / "index"), "PATH": os.environ["PATH"]}
    process = subprocess.Popen(command, cwd=place, env=env, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in process.stderr if line.startswith("http://"))
        yield process, int(line.split()[0].rpartition(":")[2])
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
