"""`stream` from the command line: embedded onto disk, searched there, killed and taken up again."""

import json
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from bare_environment import bare_environment
from test_cli import ROOT, cli, one_line_error

from benchmarks.experiments.rows import StreamingStore
from benchmarks.reporting.tables.streaming import streaming_table

SLOW = """
import time

from methods.encoders.pixels import Pixels
from methods.spec import MethodSpec, Part


class SlowPixels(Pixels):
    batch_size = 10

    def encode(self, images):
        time.sleep(0.03)
        return super().encode(images)


METHODS = [
    MethodSpec(
        id="slow-pixels",
        family="pixels",
        summary="pixels, slowly",
        source="test",
        encoder=Part("slow_pixels:SlowPixels", {"side": 8}),
        index=Part("methods.indexes.exact:ExactIndex", {"metric": "l2"}),
        requires=("cv2",),
    )
]
"""


def stream(out, *arguments, size=600, rows=50):
    return cli("stream", *arguments, "--size", size, "--shard-rows", rows, "--threads", "1", "--out", out)


def shard_files(out):
    return {path.name: path for path in sorted(out.glob("cache/shards/*/rows-*.npy"))}


def row_of(out, method):
    (path,) = out.glob(f"streaming/cifar10/full/streaming/{method}@cpu/*.json")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("stream") / "out"
    return out, stream(out, "-m", "phash", "-m", "pixels", "-m", "hog", size=1500, rows=256)


def test_every_answer_is_that_of_a_search_in_memory(finished):
    out, done = finished
    assert done.returncode == 0, done.stdout + done.stderr
    for method in ("phash", "pixels", "hog"):
        row = row_of(out, method)
        assert row["check"]["equal"] == row["check"]["queries"] == row["batch"] > 20
        assert row["extraction"]["images"] == 1500
        assert row["originals"] < 1500
        assert len(row["search_s"]) >= 5 and min(row["search_s"] + row["batch_s"]) > 0
        assert set(row["memory"]["stages"]) == {"load", "extract", "index", "query"}
    assert row_of(out, "phash")["check"]["largest_score_difference"] == 0
    assert row_of(out, "phash")["index_bytes"] == 1500 * 8


def test_the_table_has_a_row_a_method_and_the_machine(finished):
    text = (finished[0] / "streaming.md").read_text()
    assert "| phash | cifar10 (synthetic) | 1,500 | " in text
    assert text.count(" of ") >= 3
    assert "Machine: " in text


def test_a_failed_rerun_is_named_below_the_table(finished):
    rows = list(StreamingStore(finished[0]).rows())
    failed = {"status": "oom", "reason": "over the limit", "started": "2026"}
    notes = streaming_table([{**row, "failed_rerun": failed} for row in rows]).notes
    (told,) = [note for note in notes if note.startswith("Rerun without a result, so the row before it is shown: ")]
    assert told.count("oom (over the limit)") == len(rows)


def test_what_was_measured_is_not_measured_again(finished):
    out, _ = finished
    again = stream(out, "-m", "phash", size=1500, rows=256)
    assert again.returncode == 0
    assert "phash: as stored" in again.stdout


def test_a_larger_gallery_goes_on_where_the_smaller_one_ends(finished):
    out, _ = finished
    done = stream(out, "-m", "phash", size=1800, rows=256)
    assert "phash: 5 shards found, 3 made" in done.stdout, done.stdout + done.stderr


def test_killed_in_the_middle_it_goes_on_after_the_last_whole_shard(tmp_path):
    plugin = tmp_path / "slow_pixels.py"
    plugin.write_text(SLOW)
    arguments = ("-m", "slow-pixels", "--plugin", plugin)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, "-m", "benchmarks", "stream", *arguments, "--size", "600", "--shard-rows", "50"]
    parent = subprocess.Popen(
        [*map(str, command), "--threads", "1", "--out", str(killed)],
        cwd=ROOT,
        env=bare_environment(PYTHONPATH=str(ROOT)),
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while len(shard_files(killed)) < 2 and parent.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = [child for child in psutil.Process(parent.pid).children(recursive=True) if child.name()[:5] == "cell "]
    for worker in workers:
        worker.kill()
    said, _ = parent.communicate(timeout=60)
    assert parent.returncode == 1, said
    assert row_of(killed, "slow-pixels")["status"] == "killed"
    before = {name: path.stat().st_mtime_ns for name, path in shard_files(killed).items()}
    assert 2 <= len(before) < 12

    resumed = stream(killed, *arguments)
    assert f"{len(before)} shards found, {12 - len(before)} made" in resumed.stdout, resumed.stdout + resumed.stderr
    assert row_of(killed, "slow-pixels")["extraction"]["images"] == 50 * (12 - len(before))
    after = shard_files(killed)
    assert all(after[name].stat().st_mtime_ns == time_ for name, time_ in before.items())

    assert "0 shards found, 12 made" in stream(whole, *arguments).stdout
    assert {name: path.read_bytes() for name, path in after.items()} == {
        name: path.read_bytes() for name, path in shard_files(whole).items()
    }
    assert np.load(after["rows-000000550-000000600.npy"]).shape == (50, 192)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-m", "sift"), "has no encoder"),
        (("-m", "eigenfaces"), "transforms its vectors"),
        (("-m", "mtcnn-facenet-balltree"), "take mtcnn-facenet"),
        (("-m", "mtcnn-facenet"), "looks for faces"),
        (("-m", "mtcnn-facenet-128", "-d", "lfw"), "fetch facenet-128"),
        (("-m", "phsh"), "did you mean phash"),
        (("-m", "phash", "--size", "10000000"), "ask for fewer"),
        (("-m", "phash", "-d", "lfv"), "did you mean lfw"),
    ],
)
def test_what_cannot_be_streamed_is_one_line_and_exit_code_2(arguments, says, tmp_path):
    assert says in one_line_error(cli("stream", *arguments, cwd=tmp_path))
