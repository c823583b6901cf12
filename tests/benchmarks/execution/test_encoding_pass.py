"""An encoder is timed once in a run, on every host and in every run anew."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.core.tasking.context import CellContext
from benchmarks.execution.encoding_pass import encoding_seconds
from benchmarks.protocol import TIMING
from benchmarks.system.memory import StagePeaks
from datasets.imageset import ImageSet, Item
from methods.building import Surroundings
from methods.encoders.pixels import Pixels
from methods.registry import load_registry


class Counting(Pixels):
    encoded = 0

    def encode(self, images):
        self.encoded += len(images)
        return super().encode(images)


class Drawn:
    """Images of noise, known by number."""

    def read(self, id):
        return id.encode()

    def decode(self, data, id):
        return np.random.default_rng(int(data)).integers(0, 256, (40, 48, 3), dtype=np.uint8)


@pytest.fixture
def gallery():
    items = [Item(str(number), "label") for number in range(20)]
    return ImageSet(items, Drawn(), [f"{number:064x}" for number in range(20)])


@pytest.fixture
def context(tmp_path):
    of_run = tmp_path / "run"
    of_run.mkdir()
    spec = load_registry().get("pixels")
    return CellContext(
        spec, Surroundings(None, "smoke", tmp_path), tmp_path / "key", tmp_path, TIMING["smoke"], of_run=of_run
    )


def measured(context, gallery):
    """How many images were encoded, the seconds that came of it, and the peaks."""
    encoder, peaks = Counting(), StagePeaks()
    return SimpleNamespace(
        seconds=encoding_seconds(context, encoder, gallery, peaks), encoded=encoder.encoded, peaks=peaks
    )


def test_the_second_row_of_an_encoder_takes_up_what_the_first_measured(context, gallery):
    first, second = measured(context, gallery), measured(context, gallery)
    assert first.encoded >= 3 * TIMING["smoke"].gallery_sample
    assert second.encoded == 0
    np.testing.assert_array_equal(first.seconds, second.seconds)
    assert (first.seconds > 0).all()
    grown = first.peaks.stages["encode"]
    assert second.peaks.stages["encode"] == (grown or None)
    assert second.peaks.highest == (grown or None)


@pytest.mark.parametrize("other", ["encoder", "images", "budget", "run", "host", "unknown images"])
def test_what_was_measured_of_something_else_is_not_taken_up(context, gallery, tmp_path, other):
    measured(context, gallery)
    if other == "encoder":
        context = replace(context, embeddings=tmp_path / "another key")
    elif other == "images":
        gallery = gallery[10:]
    elif other == "budget":
        context = replace(context, timing=TIMING["standard"])
    elif other == "run":
        context = replace(context, of_run=None)
    elif other == "host":
        context = replace(context, of_run=tmp_path / "not here")
    else:
        gallery = ImageSet(gallery.items, gallery.source)
    assert measured(context, gallery).encoded


def test_a_damaged_figure_is_measured_again(context, gallery):
    measured(context, gallery)
    (path,) = context.of_run.glob("encoding-*.npz")
    path.write_bytes(path.read_bytes()[:40])
    assert measured(context, gallery).encoded
    assert not measured(context, gallery).encoded


def test_rows_of_one_encoder_in_a_run_share_its_figure(bench):
    rows = bench.run("phash", "phash-mih")
    shared = []
    for cell, row in bench.store.rows():
        if cell.method.startswith("phash"):
            own = (row["fit_s"] + row["index_s"]) / row["counts"]["gallery"]
            shared.append(bench.store.arrays(cell, "samples")["gallery"] - own)
    assert {row["status"] for row in rows.values()} == {"ok"}
    np.testing.assert_allclose(shared[0], shared[1], rtol=1e-6)
