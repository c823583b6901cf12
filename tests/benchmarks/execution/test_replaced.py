"""Results made with data or weights that are not named again are not replaced by lesser ones."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from search_support import cli

from benchmarks.core.cells import Cell
from benchmarks.execution.replaced import LossError, require_no_loss
from tests.datasets.pictures import make_cifar10


def run(place, *arguments):
    command = ("run", "-m", "pixels", "-d", "cifar10:smoke", "--task", "retrieval", "--out", "out")
    done = cli(*command, *arguments, cwd=place)
    return done.returncode, " ".join(done.stderr.decode().split())


def row_of(place):
    (path,) = [path for path in place.glob("out/cells/cifar10/smoke/*/*/cell.json") if "pixels" in path.parent.name]
    return path.read_bytes()


def test_synthetic_images_replace_no_real_ones_unless_that_is_asked_for(tmp_path):
    make_cifar10(tmp_path / "data" / "cifar10", train=200, test=60)
    assert run(tmp_path, "--data", "data")[0] == 0
    kept = row_of(tmp_path)
    code, said = run(tmp_path)
    assert code == 2 and "made with real images of cifar10 would be replaced" in said and "--data (RIS_DATA)" in said
    assert row_of(tmp_path) == kept
    assert run(tmp_path, "--dry-run")[0] == 0
    assert run(tmp_path, "--force")[0] == 0
    assert row_of(tmp_path) != kept
    assert run(tmp_path, "--data", "data")[0] == 0, "real images may always take the place of synthetic ones"


@pytest.mark.parametrize(
    ("row", "is_lost"),
    [
        ({"status": "ok", "trained": True}, True),
        ({"status": "ok", "trained": False}, False),
        ({"status": "timeout", "trained": True}, False),
        (None, False),
    ],
)
def test_an_untrained_network_replaces_no_trained_one(tmp_path, row, is_lost):
    cell = Cell("lfw", "smoke", "retrieval", "resnet50")
    stored = None if row is None else {**row, "inputs": {"manifest": "gone"}}
    store = SimpleNamespace(row=lambda cell: stored, manifest_path=lambda hash: tmp_path / hash)
    planned = [SimpleNamespace(cell=cell, manifest=tmp_path / "gone", trained=False)]
    said = r"1 stored result made with the trained network of resnet50.*--weights"
    with pytest.raises(LossError, match=said) if is_lost else nullcontext():
        require_no_loss(planned, store)
