"""`run --engine` and `engines`, end to end on a tiny network."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bare_environment import bare_environment
from plugins.tiny_network import TinyEncoder

from benchmarks.execution.equivalence.check import check_engines
from benchmarks.execution.equivalence.sample import Sample
from benchmarks.experiments.engines.subject import make_subject
from methods.engines.contract import Engine
from methods.engines.registry import ENGINES
from methods.faces.detection import FaceDetector

ROOT = Path(__file__).parents[4]
PLUGIN = ROOT / "tests" / "plugins" / "tiny_network.py"


def cli(*arguments):
    env = bare_environment(COLUMNS="200", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "benchmarks", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


def run(out, photo_folder, *more, subset="smoke"):
    where = ("-d", f"folder:{photo_folder}", "--subset", subset, "--task", "retrieval")
    return cli("run", "-m", "tiny-network", *where, "--out", out, "--plugin", PLUGIN, "--threads", 2, *more)


def row(out, subset="smoke", method="tiny-network"):
    (path,) = out.glob(f"cells/*/{subset}/retrieval/{method}@cpu/cell.json")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def plain(tmp_path_factory, photo_folder):
    """A run of no engine by name: only looked at, or copied."""
    out = tmp_path_factory.mktemp("plain") / "out"
    done = run(out, photo_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_a_row_is_plain_keras_throughout_unless_asked(plain, photo_folder):
    usual = row(plain)
    assert usual["engine"] == {"name": "keras", "why": ""}
    assert usual["inputs"]["engine"] == "keras"
    assert not (plain / "cache" / "equivalence").exists()  # nothing is chosen, so nothing is checked
    (folder,) = (plain / "cache" / "embeddings").iterdir()
    assert list(folder.glob("shard-*"))
    assert "0 cells to run" in run(plain, photo_folder, "--engine", "keras", "--dry-run").stdout


def test_another_engine_gets_a_row_of_its_own_beside_the_plain_one(plain, tmp_path, photo_folder):
    shutil.copytree(plain, tmp_path, dirs_exist_ok=True)
    done = run(tmp_path, photo_folder, "--engine", "graph")
    assert done.returncode == 0, done.stdout + done.stderr
    plain, other = row(tmp_path), row(tmp_path, method="tiny-network@graph")
    assert (plain["engine"]["name"], plain["inputs"]["engine"]) == ("keras", "keras")
    assert (other["engine"]["name"], other["inputs"]["engine"]) == ("graph", "graph")
    assert " equivalent: cosine" in other["engine"]["why"]
    assert len(list((tmp_path / "cache" / "embeddings").iterdir())) == 2  # rows of each engine are kept apart
    (page,) = tmp_path.glob("folder*-retrieval.csv")
    with page.open(newline="") as file:
        shown = {entry["method"]: entry for entry in csv.DictReader(file)}
    assert shown["tiny-network"]["engine"] == "keras"
    assert shown["tiny-network@graph"]["engine"] == "graph"
    assert shown["random"]["engine"] == ""
    assert all(shown[name]["p50_ms"] and shown[name]["peak_bytes"] for name in ("tiny-network", "tiny-network@graph"))
    text = page.with_suffix(".md").read_text()
    assert "all of the row is measured on that engine" in text
    # Either is done, for itself.
    for asked in ((), ("--engine", "graph")):
        assert "0 cells to run" in run(tmp_path, photo_folder, *asked, "--dry-run").stdout


def test_auto_is_settled_before_the_row_is_named(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, "--engine", "auto")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = tmp_path.glob("cells/*/smoke/retrieval/tiny-network*@cpu/cell.json")
    found = json.loads(path.read_text())
    name = found["cell"]["method"].partition("@")[2] or "keras"
    assert found["inputs"]["engine"] == found["engine"]["name"] == name
    assert list((tmp_path / "cache" / "equivalence").glob("*.json"))  # which of them gains on a tiny network is chance


def test_a_row_of_two_engines_from_an_older_version_is_stale_and_said(plain, tmp_path, photo_folder):
    shutil.copytree(plain, tmp_path, dirs_exist_ok=True)
    (path,) = tmp_path.glob("cells/*/smoke/retrieval/tiny-network@cpu/cell.json")
    old = json.loads(path.read_text())
    del old["inputs"]["engine"], old["checksum"]
    old["engine"] = {"timed": "keras", "embeddings": "openvino-bf16", "why": ""}
    path.write_text(json.dumps(old))
    assert "changed: engine" in run(tmp_path, photo_folder, "--dry-run").stdout
    cli("report", "--out", tmp_path, "--plugin", PLUGIN)
    (page,) = tmp_path.glob("folder*-retrieval.md")
    assert "accuracy is another engine's than their latency: tiny-network" in page.read_text()
    assert "keras; accuracy: openvino-bf16" in page.with_suffix(".csv").read_text()


def test_an_unknown_engine_is_one_line(tmp_path, photo_folder):
    done = run(tmp_path, photo_folder, "--engine", "openvno")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: unknown engine 'openvno': did you mean openvino")


def test_engines_writes_a_table_with_checks_and_ratios(tmp_path, photo_folder):
    where = ("-d", f"folder:{photo_folder}", "--out", tmp_path, "--plugin", PLUGIN, "--threads", 2)
    done = cli("engines", "-m", "tiny-network", *where, "--batch", 4, "--rounds", 2)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["engine"]: row for row in csv.DictReader((tmp_path / "engines.csv").open())}
    assert float(rows["keras"]["ms"]) > 0
    assert rows["graph"]["check"] == "passed"
    assert float(rows["graph"]["cosine_min"]) > 0.9999
    assert float(rows["graph"]["times_keras_low"]) <= float(rows["graph"]["times_keras"])
    text = (tmp_path / "engines.md").read_text()
    assert "Machine: " in text
    assert "Batches of 4 images, 2 threads, 2 rounds" in text
    planned = cli("engines", "-m", "tiny-network", *where, "--batch", 4, "--rounds", 2, "--dry-run").stdout
    assert "tiny-network: as stored" in planned


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
    broken, graph, absent = check_engines(TinyEncoder(), engines, sample)
    assert "under 0.999" in broken.reason
    assert graph.passed
    assert "needs nowhere_" in absent.reason
