"""`serve` as a person starts it, in a process of its own."""

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from search_support import ROOT, cli, fill

pytest.importorskip("fastapi")


def test_the_command_serves_until_it_is_interrupted(tmp_path):
    fill(tmp_path / "photos", 3)
    command = [sys.executable, "-m", "benchmarks", "serve", "-g", "photos", "--port", "0"]
    env = {"PYTHONPATH": str(ROOT), "RIS_INDEX": str(tmp_path / "index")}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stderr.readline().split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"photos (3 images)" in page.read()
        stranger = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(stranger, timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
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
