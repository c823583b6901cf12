"""`onnx:FILE` end to end: run, checked and reported without a plug-in; a changed file makes rows stale."""

import pytest
from onnx_files import huge_network, small_network
from search_support import cli as command
from search_support import fill

pytest.importorskip("openvino", reason="the extra `fast` is not installed")


@pytest.fixture
def place(tmp_path):
    """A folder with photos and a network."""
    fill(tmp_path / "photos", 24, 4)
    (tmp_path / "net.onnx").write_bytes(small_network())
    return tmp_path


def cli(*arguments, cwd):
    done = command(*arguments, cwd=cwd)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def tables(place):
    return "".join(page.read_text() for page in (place / "results").glob("*.md"))


def run(place, *more):
    return cli("run", "-d", "folder:photos", "--subset", "smoke", "--task", "retrieval", *more, cwd=place)


def test_a_file_is_run_reported_searched_and_stale_when_it_changes(place):
    method = "onnx:net.onnx,mean=127.5,std=64"
    done = run(place, "-m", method)
    assert done.returncode == 0, done.stdout + done.stderr
    assert method in tables(place)
    for page in (place / "results").glob("*.md"):
        page.unlink()
    assert cli("report", cwd=place).returncode == 0 and method in tables(place)
    assert "4 as stored" in run(place, "-m", method).stdout
    (place / "net.onnx").write_bytes(small_network(numbers=7))
    status = cli("status", "--why", cwd=place).stdout
    assert "net.onnx" in status and "stale" in status


def test_check_says_the_contract_and_what_cannot_be_run(place):
    done = cli("check", "onnx:net.onnx", cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "contract: fed f32 NCHW, 16x16, 3 channels, RGB; gives 5 numbers; pixels: 0-255" in done.stdout
    done = cli("check", "onnx:net.onnx,size=32", cwd=place)
    assert done.returncode == 2 and "16x16 pixels, not 32x32" in done.stderr


@pytest.mark.parametrize(
    ("named", "content", "says"),
    [
        ("net.onnx,size=32", small_network(), "16x16 pixels, not 32x32"),
        ("net.onnx", small_network(("n", 3, "h", "w")), "say size=224"),
        ("net.onnx", small_network()[:-9], "no ONNX file, or a damaged one"),
        ("net.onnx", small_network(location="net.data"), "keeps its numbers in net.data"),
        ("none.onnx", b"", "there is no file none.onnx"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(place, named, content, says):
    (place / "net.onnx").write_bytes(content)
    done = run(place, "-m", f"onnx:{named}")
    assert done.returncode == 2
    assert says in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_network_whose_file_is_absent_is_unavailable_in_the_tables(place):
    empty = place / "weights"
    empty.mkdir()
    done = run(place, "-m", "clip-vit-b32", "--weights", empty)
    assert "Traceback" not in done.stderr
    assert "unavailable" in tables(place)


def test_indexes_are_scored_on_its_vectors(place):
    options = ("-i", "faiss-flat", "--rounds", "2", "--seconds", "0.01", "--batch", "4")
    done = cli("indexes", "--vectors", "onnx:net.onnx,mean=127.5:folder:photos:smoke", *options, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "onnx:net.onnx,mean=127.5" in (place / "results" / "indexes.md").read_text()


COMMANDS = {
    "run": ("run", "-d", "folder:photos", "-m", "METHOD"),
    "check": ("check", "METHOD"),
    "search": ("search", "photos/label0/000.png", "-g", "photos", "-m", "METHOD"),
    "duplicates": ("duplicates", "photos", "-m", "METHOD"),
    "audit": ("audit", "photos", "-m", "METHOD"),
    "latency": ("latency", "-d", "folder:photos", "-m", "METHOD"),
    "scaling": ("scaling", "-d", "folder:photos", "-m", "METHOD", "--sizes", "20,40"),
    "stream": ("stream", "-d", "folder:photos", "-m", "METHOD", "--size", "10"),
    "indexes": ("indexes", "--vectors", "METHOD:folder:photos:smoke"),
    "shard": ("shard", "METHOD", "-d", "folder:photos"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_refuses_a_network_before_its_own_process_runs_it(place, name):
    """The system ends a process that takes 100 GB, and others with it."""
    (place / "net.onnx").write_bytes(huge_network("Tile"))
    done = cli(*(word.replace("METHOD", "onnx:net.onnx") for word in COMMANDS[name]), cwd=place)
    assert done.returncode == 2, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert line.startswith("error: onnx:net.onnx: ") and line.endswith("it asks for more memory than there is")
