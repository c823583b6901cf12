"""`run --engine` and `engines`, end to end on a tiny network."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from plugins.tiny_network import TinyEncoder

from benchmarks.engines.proving import prove
from benchmarks.engines.sample import Sample
from benchmarks.engines.subject import make_subject
from methods.engines.contract import Engine
from methods.engines.registry import ENGINES
from methods.faces.detection import FaceDetector

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "plugins" / "tiny_network.py"

needs_openvino = pytest.mark.skipif(bool(ENGINES["openvino"].obstacle()), reason="openvino is not installed")


def cli(*arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("RIS_")}
    env |= {"COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


def run(out, photo_folder, *more, subset="smoke"):
    where = ("-d", f"folder:{photo_folder}", "--subset", subset, "--task", "retrieval")
    return cli("run", "-m", "tiny-network", *where, "--out", out, "--plugin", PLUGIN, "--threads", 2, *more)


def row(out, subset="smoke"):
    (path,) = out.glob(f"cells/*/{subset}/retrieval/tiny-network@cpu/cell.json")
    return json.loads(path.read_text())


@needs_openvino
def test_without_the_option_only_embeddings_use_an_engine(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, subset="standard")
    assert done.returncode == 0, done.stdout + done.stderr
    usual = row(tmp_path, "standard")
    assert usual["engine"]["timed"] == "keras"
    assert " proven: cosine" in usual["engine"]["why"]  # which of the engines gains on a tiny network is chance
    assert "engine" not in usual["inputs"]


@needs_openvino
def test_an_engine_that_is_asked_for_is_timed_and_named(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, "--engine", "openvino")
    assert done.returncode == 0, done.stdout + done.stderr
    asked = row(tmp_path)
    assert (asked["engine"]["timed"], asked["engine"]["embeddings"]) == ("openvino", "openvino")
    assert asked["inputs"]["engine"] == "openvino"
    (table,) = tmp_path.glob("folder*-retrieval.md")
    assert "tiny-network (openvino)" in table.read_text()

    # Without the option, the row of another engine does not count as done.
    assert "changed: engine" in run(tmp_path, photo_folder, "--dry-run").stdout


def test_a_smoke_run_is_not_worth_a_proof(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert row(tmp_path)["engine"]["embeddings"] == "keras"
    assert not (tmp_path / "cache" / "engines").exists()


def test_keras_throughout_needs_no_proof(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, "--engine", "keras")
    assert done.returncode == 0, done.stdout + done.stderr
    assert row(tmp_path)["engine"] == {"timed": "keras", "embeddings": "keras", "why": ""}
    assert not (tmp_path / "cache" / "engines").exists()


def test_an_unknown_engine_is_one_line(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, "--engine", "openvno")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: unknown engine 'openvno': did you mean openvino")


def test_engines_writes_a_table_with_proofs_and_ratios(tmp_path, photo_folder):
    where = ("-d", f"folder:{photo_folder}", "--out", tmp_path, "--plugin", PLUGIN, "--threads", 2)
    done = cli("engines", "-m", "tiny-network", *where, "--batch", 4, "--rounds", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["engine"]: row for row in csv.DictReader((tmp_path / "engines.csv").open())}
    assert float(rows["keras"]["ms"]) > 0
    assert rows["graph"]["proof"] == "proven"
    assert float(rows["graph"]["cosine_min"]) > 0.9999
    assert float(rows["graph"]["times_keras_low"]) <= float(rows["graph"]["times_keras"])
    text = (tmp_path / "engines.md").read_text()
    assert "Machine: " in text
    assert "Batches of 4 images, 2 threads, 2 rounds" in text


def test_a_detector_stands_beside_its_package():
    from datasets.synthetic import stand_in

    dataset = stand_in("lfw")
    images = [dataset.decode(dataset.read(item.id), item.id) for item in dataset.items()[:4]]
    encoder = SimpleNamespace(detector=FaceDetector())
    subject = make_subject("detector", encoder, Sample(images, np.array([*"abab"]), 2), trained=True)
    package, ours = subject.predict()(images), encoder.detector.detect(images)
    assert len(package) == len(images)
    assert sum(map(len, ours)) > 0
    for theirs, faces in zip(package, ours, strict=True):
        assert len(theirs) == len(faces)


def test_an_unknown_network_is_one_line(tmp_path):
    done = cli("engines", "-m", "resnet5", "--out", tmp_path)
    assert done.returncode == 2
    assert "did you mean resnet50" in done.stderr


def test_a_broken_engine_fails_its_proof():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (30, 30, 3), dtype=np.uint8) for _ in range(8)]
    sample = Sample(images, np.array([*"abcdabcd"]), 4)
    engines = [
        Engine("broken", "", "plugins.tiny_network:shuffled"),
        ENGINES["graph"],
        Engine("absent", "", "", package="nowhere_"),
    ]
    broken, graph, absent = prove(TinyEncoder(), engines, sample)
    assert "under 0.999" in broken.reason
    assert graph.proven
    assert "needs nowhere_" in absent.reason
