"""`serve` as a person starts it, in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from search_support import ROOT, cli, fill
from upload_memory import UPLOADS

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


@pytest.mark.parametrize("side", [2880, 5000, 7000])
@pytest.mark.parametrize("kind", UPLOADS)
def test_three_large_uploads_at_once_take_less_than_700_mb(tmp_path, kind, side):
    data = UPLOADS[kind](side)
    (tmp_path / f"{kind}-{side}").write_bytes(data)
    here = Path(__file__).parent
    command = [sys.executable, str(here / "upload_memory.py"), str(tmp_path), kind, str(side)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here.parents[1]), str(here), str(here.parent)])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, check=True)
    *ends, peak = done.stdout.splitlines()
    assert len(ends) == 3
    fits = side == 2880 or (side == 5000 and kind in ("jpeg", "rgb"))
    assert all(end == "kept" if fits else "is larger than" in end for end in ends)
    assert int(peak) < 700, f"{len(data):,} bytes took {peak} MiB"
