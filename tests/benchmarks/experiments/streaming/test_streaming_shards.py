"""Rows that stream to disk: a killed extraction goes on after its last whole shard, and ends in the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.experiments.streaming.plan import repeated, variants
from benchmarks.experiments.streaming.shards import ShardFolder, extract
from datasets.distortions import DISTORTIONS
from datasets.errors import BenchmarkError, DataError
from datasets.imageset import ImageSet, Item
from methods.indexes.exact import ExactIndex
from methods.indexes.sharded import ShardedIndex

ROOT = Path(__file__).parents[4]


class Noise:
    """Small images drawn from their number."""

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.random.default_rng(int(data)).integers(0, 256, (8, 8, 3), dtype=np.uint8)


class MeanRows:
    """Counts the images it encodes; may be slow, or stop at its nth batch."""

    batch_size = 4

    def __init__(self, seconds=0.0, batches=None):
        self.images = 0
        self.seconds = seconds
        self.batches = batches

    def encode(self, images):
        if self.batches == 0:
            raise RuntimeError("interrupted")
        if self.batches is not None:
            self.batches -= 1
        time.sleep(self.seconds)
        self.images += len(images)
        return np.array([image.mean(axis=0, dtype=np.float32).ravel() for image in images])


def noise(count):
    return ImageSet([Item(str(number), "x") for number in range(count)], Noise())


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("rows-*.npy")}


def test_shards_are_filled_once_and_read_back_mapped(tmp_path):
    encoder, shards = MeanRows(), ShardFolder(tmp_path, 25, 10)
    done = extract(encoder, noise(25), shards)
    assert (done.found, done.made, done.images) == (0, 3, 25)
    assert [shard.shape for shard in shards] == [(10, 24), (10, 24), (5, 24)]
    assert all(isinstance(shard, np.memmap) and not shard.flags.writeable for shard in shards)
    assert np.array_equal(np.concatenate(list(shards)), MeanRows().encode(list(noise(25))))
    again = extract(encoder, noise(25), shards)
    assert (again.found, again.made, again.images, encoder.images) == (3, 0, 0, 25)


def test_a_larger_gallery_takes_up_the_whole_shards_of_a_smaller_one(tmp_path):
    extract(MeanRows(), noise(25), ShardFolder(tmp_path, 25, 10))
    encoder = MeanRows()
    done = extract(encoder, noise(40), ShardFolder(tmp_path, 40, 10))
    assert (done.found, done.made, encoder.images) == (2, 2, 20)


def test_an_error_in_the_middle_of_a_shard_keeps_those_before_it(tmp_path):
    shards = ShardFolder(tmp_path, 40, 10)
    with pytest.raises(RuntimeError):
        extract(MeanRows(batches=8), noise(40), shards)  # three batches a shard
    assert shards.missing() == [2, 3]
    assert extract(MeanRows(), noise(40), shards).images == 20


@pytest.mark.parametrize("damage", [b"", b"no array", None])
def test_a_damaged_shard_is_made_again(tmp_path, damage):
    shards = ShardFolder(tmp_path, 30, 10)
    extract(MeanRows(), noise(30), shards)
    whole = files(tmp_path)
    path = shards.path(1)
    path.write_bytes(whole[path.name][:-40] if damage is None else damage)
    assert shards.missing() == [1]
    with pytest.raises(DataError, match="run again"):
        shards[1]
    assert extract(MeanRows(), noise(30), shards).images == 10
    assert files(tmp_path) == whole


@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_a_byte_that_changed_on_disk_is_told_and_the_shard_made_again(tmp_path, caplog, place):
    """A row of other numbers is as good a row to numpy."""
    shards = ShardFolder(tmp_path, 30, 10)
    extract(MeanRows(), noise(30), shards)
    whole = files(tmp_path)
    path = shards.path(1)
    data = bytearray(whole[path.name])
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    assert extract(MeanRows(), noise(30), shards).images == 10
    assert f"stored file damaged: {path} (" in caplog.text
    assert files(tmp_path) == whole


def test_a_shard_in_the_place_of_another_is_made_again(tmp_path, caplog):
    shards = ShardFolder(tmp_path, 30, 10)
    extract(MeanRows(), noise(30), shards)
    whole = files(tmp_path)
    shards.path(1).write_bytes(whole[shards.path(0).name])
    assert extract(MeanRows(), noise(30), shards).images == 10
    assert f"stored file damaged: {shards.path(1)} (its checksum differs)" in caplog.text
    assert files(tmp_path) == whole


def test_two_extractions_into_one_folder_are_refused(tmp_path):
    shards = ShardFolder(tmp_path, 30, 10)
    with shards.locked(), pytest.raises(BenchmarkError, match="another process"):
        extract(MeanRows(), noise(30), shards)


def test_a_killed_extraction_goes_on_after_its_last_whole_shard(tmp_path):
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from test_streaming_shards import *\n"
        "extract(MeanRows(seconds=0.02), noise(400), ShardFolder(Path(sys.argv[1]), 400, 10))\n"
    )
    killed, whole = tmp_path / "killed/rows", tmp_path / "whole/rows"  # whose rows they are is in the checksum
    command = [sys.executable, "-c", program, str(killed), str(Path(__file__).parent)]
    child = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    while len(files(killed)) < 3 and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "it must die in the middle of its work"
    (killed / ".rows-000000390-000000400.npy.1.part").write_bytes(b"half")  # what an unlucky moment would leave

    finished = {name: (killed / name).stat().st_mtime_ns for name in files(killed)}
    assert 3 <= len(finished) < 40
    encoder = MeanRows()
    done = extract(encoder, noise(400), ShardFolder(killed, 400, 10))
    assert (done.found, done.made) == (len(finished), 40 - len(finished))
    assert encoder.images == done.images == 10 * done.made
    assert all((killed / name).stat().st_mtime_ns == time_ for name, time_ in finished.items())
    assert not list(killed.glob(".*.part"))
    extract(MeanRows(), noise(400), ShardFolder(whole, 400, 10))
    assert files(killed) == files(whole)


def test_search_over_mapped_shards_is_search_in_memory(tmp_path):
    shards = ShardFolder(tmp_path, 300, 64)
    extract(MeanRows(), noise(300), shards)
    rows = np.concatenate(list(shards))
    for metric in ("l2", "cosine"):
        streamed, exact = ShardedIndex(metric), ExactIndex(metric)
        streamed.add(shards)
        exact.add(rows)
        assert np.array_equal(streamed.search(rows[:50], 20)[0], exact.search(rows[:50], 20)[0])
        assert streamed.nbytes >= rows.nbytes


def test_a_gallery_of_any_size_is_made_of_real_images():
    originals = noise(3)
    gallery = repeated(originals, 3 * 15)
    assert len(set(gallery.ids)) == 45
    assert gallery.ids[:4].tolist() == ["0#original", "1#original", "2#original", "0#crop"]
    assert np.array_equal(gallery[1], originals[1])
    assert np.array_equal(gallery[5], DISTORTIONS["crop"](originals[2]))
    place = list(variants()).index(("crop", "jpeg"))
    assert np.array_equal(gallery[3 * place], DISTORTIONS["jpeg"](DISTORTIONS["crop"](originals[0])))
    assert repeated(originals, 10).ids.tolist() == gallery.ids[:10].tolist()
    assert len(list(variants())) == 101
    assert len(repeated(originals, 303)) == 303
    with pytest.raises(BenchmarkError, match="make 303, not 304"):
        repeated(originals, 304)
