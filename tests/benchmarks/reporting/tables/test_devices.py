"""Where networks compute: what is asked for, what a GPU run plans, and how both devices' rows stand in tables."""

import numpy as np
import pytest
from stored_cells import StoredCells
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.cells import Cell
from benchmarks.core.plan import cell_inputs
from benchmarks.reporting.tables.devices import write_device_tables
from benchmarks.reporting.tables.groups import make_groups
from benchmarks.system import devices
from benchmarks.system.devices import Gpu
from datasets.errors import BenchmarkError, UnknownNameError
from methods.registry import load_registry

GPU = Gpu("Test GPU", "1.0", 2**34)


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(devices, "find_gpu", lambda: GPU)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(devices, "find_gpu", lambda: None)


def test_auto_takes_what_is_there(gpu):
    assert devices.check_device("auto", "tensorflow") == "gpu"
    assert devices.check_device("cpu", "torch") == "cpu"


def test_a_gpu_that_is_not_there_is_refused(no_gpu):
    assert devices.check_device("auto", "tensorflow") == "cpu"
    with pytest.raises(BenchmarkError, match="no GPU on this machine"):
        devices.check_device("gpu", "tensorflow")


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean"):
        devices.check_device("gpus", "tensorflow")
    with pytest.raises(UnknownNameError, match="torch"):
        devices.check_device("cpu", "pytorch")


def test_nvidia_smi_is_read(monkeypatch, tmp_path):
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 570.1, 81559'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    devices.find_gpu.cache_clear()
    try:
        assert devices.find_gpu() == Gpu("NVIDIA H100 80GB HBM3", "570.1", 81559 * 2**20)
    finally:
        devices.find_gpu.cache_clear()


def test_only_what_keras_runs_goes_to_the_gpu(bench, gpu):
    plan = bench.plan("mobilenetv2", "pixels", device="gpu")
    assert {planned.cell.method: planned.cell.device for planned in plan.cells} == {
        "mobilenetv2": "gpu",
        "pixels": "cpu",
    }


def test_another_backend_changes_what_a_network_needs_and_nothing_else(bench):
    registry = bench.registry
    cell = Cell("lfw", "smoke", "retrieval", "mobilenetv2")
    for method in ("mobilenetv2", "pixels"):
        spec = registry.get(method)
        own, other = (cell_inputs(cell, spec, "m", None, 1, backend) for backend in ("tensorflow", "torch"))
        assert (own == other) == (method == "pixels")
    assert "torch" in devices.packages_of(registry.get("mobilenetv2"), "torch")
    assert "tensorflow" not in devices.packages_of(registry.get("mobilenetv2"), "torch")


def test_trainings_are_planned_on_every_backend_and_kept_apart(bench):
    plans = [bench.plan("cnn3", keras_backend=backend) for backend in devices.KERAS_BACKENDS]
    assert [[planned.cell.method for planned in plan.cells] for plan in plans] == [["cnn3"]] * 3


@pytest.mark.parametrize("method", ["mtcnn-facenet", "faceres", "mobileface", "arcface"])
def test_face_networks_run_on_every_backend_and_need_no_other(bench, method, monkeypatch):
    monkeypatch.setattr("benchmarks.core.plan.absent", lambda packages: tuple({"tensorflow"} & {*packages}))
    for backend in devices.KERAS_BACKENDS:
        plan = bench.plan(method, keras_backend=backend)
        assert [planned.missing for planned in plan.cells] == [("tensorflow",) * (backend == "tensorflow")]


def test_the_command_refuses_a_gpu_that_is_not_there(photo_folder, tmp_path, no_gpu):
    done = CliRunner().invoke(app, ["run", "-m", "pixels", "-d", f"folder:{photo_folder}", "--device", "gpu"])
    assert isinstance(done.exception, BenchmarkError)


def test_a_copy_is_timed_wherever_keras_computes():
    assert devices.copy_seconds((1, 8, 8, 3)) > 0


def row(p50, per_second, **device):
    return {
        "latency": {"p50_ms": p50},
        "throughput": {"queries_per_s": per_second},
        "device": {"keras_backend": "torch", **device},
        "provenance": {"machine": {"cpu": "C", "cores": 2, "memory_gib": 4.0, "gpu": GPU.name, "system": "Linux"}},
    }


def test_both_devices_stand_side_by_side_with_their_ratio_and_in_no_other_table_twice(tmp_path):
    stored = StoredCells(tmp_path)
    manifest = stored.manifest([("a", "x"), ("b", "y")], [("c", "x")])
    inputs = {"manifest": manifest, "method": {"id": "mobilenetv2"}}
    on_gpu = row(2.0, 400.0, name=GPU.name, driver=GPU.driver, peak_bytes=2**30, copy_s=0.0001)
    ids = np.array([[0, 1]])
    for device, figures in (("cpu", row(20.0, 100.0)), ("gpu", on_gpu)):
        cell = Cell("lfw", "standard", "retrieval", "mobilenetv2", device)
        stored.cell(cell, manifest, ids=ids, **{**figures, "inputs": inputs})
    registry = load_registry()
    (path,) = write_device_tables(stored.store, registry, tmp_path)
    text = path.read_text()
    assert path.name == "lfw-standard-devices.md"
    assert "| mobilenetv2 | torch | 20 | 2 | 10.0 × | 100 | 400 | 4.0 × | 0.1 | 1,024 |" in text
    assert "Test GPU (driver 1.0)" in text
    (group,) = make_groups(stored.store, registry)
    assert [cell.device for cell, _, _ in group.entries] == ["cpu"]
