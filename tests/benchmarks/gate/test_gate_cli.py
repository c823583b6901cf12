"""The gate as a CI job uses it: real cells in a temporary folder, the command line, exit codes."""

import json
import re
import shutil

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from stored_cells import keep_changed
from typer.testing import CliRunner

from benchmarks.cli.app import app
from benchmarks.core.store import Store
from datasets.errors import BenchmarkError
from methods.ranking import Ranking
from methods.registry import load_registry

METHODS = ("random", "constant", "oracle", "pixels", "mean-colour")


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def bench_once(tmp_path_factory, photo_folder):
    bench = Bench(Store(tmp_path_factory.mktemp("gate") / "out"), load_registry([PLUGIN]), photo_folder)
    bench.store.require_writable()
    bench.run(*METHODS, tasks=("retrieval", "unseen-classes", "robustness"))
    return bench


@pytest.fixture(scope="module")
def base(bench_once):
    return bench_once.store.root


@pytest.fixture
def new(base, tmp_path):
    """A copy of the run that a test may change."""
    shutil.copytree(base, tmp_path / "new")
    return tmp_path / "new"


def spoil(results, method, task="robustness"):
    """Turn every ranking of a cell upside down."""
    store = Store(results)
    cell = next(cell for cell, _ in store.rows() if (cell.method, cell.task) == (method, task))
    ranking = store.ranking(cell)
    flipped = Ranking(ranking.ids[:, ::-1], -ranking.scores[:, ::-1], ranking.undetected)
    store.save_ranking(store.folder(cell), flipped)
    keep_changed(store.folder(cell))


def test_a_run_is_as_good_as_itself_and_as_its_baseline(base, new, tmp_path):
    file = tmp_path / "baseline.json"
    done = invoke("baseline", "update", "--reason", "the first", "--out", base, "--file", file)
    assert done.exit_code == 0, done.output
    for one, other in ((base, new), (file, new), (file, file), (new, file)):
        done = invoke("compare", one, other)
        assert done.exit_code == 0, done.output
        said = done.stdout.splitlines()[-1]
        assert re.match(r"same: \d+ figures compared; ", said), said
        assert not re.search("worse|better|not comparable|new", said)


def test_a_rerun_of_the_unchanged_code_passes(bench_once, tmp_path):
    again = Bench(Store(tmp_path / "again"), bench_once.registry, bench_once.folder)
    again.store.require_writable()
    again.run(*METHODS, tasks=("retrieval", "unseen-classes", "robustness"))
    done = invoke("compare", bench_once.store.root, again.store.root)
    assert done.exit_code == 0, done.output


def test_worse_rankings_end_with_1_and_every_report_says_so(base, new, tmp_path):
    spoil(new, "pixels")
    reports = ("--markdown", tmp_path / "gate.md", "--json", tmp_path / "gate.json")
    done = invoke("compare", base, new, *reports)
    assert done.exit_code == 1, done.output
    assert "worse:" in done.stdout
    assert "label" in done.stdout and "lost" in done.stdout
    assert "pixels on" in (tmp_path / "gate.md").read_text()
    document = json.loads((tmp_path / "gate.json").read_text())
    worse = [finding for finding in document["findings"] if finding["verdict"] == "worse"]
    assert {finding["cell"]["method"] for finding in worse if finding["cell"]} == {"pixels"}
    assert any("(crop)" in id for finding in worse for id in finding["flips"]["lost"])
    assert invoke("compare", new, base).exit_code == 0
    assert invoke("compare", base, new, "-m", "mean-colour").exit_code == 0


def test_a_slowdown_ends_with_1(base, new):
    folder = new / "paired" / "photos" / "smoke"
    folder.mkdir(parents=True)
    seconds = np.random.default_rng(0).uniform(1.0, 1.05, size=(10, 4))
    np.savez(folder / "pixels.npz", base=seconds, new=1.3 * seconds[::-1])
    done = invoke("compare", base, new)
    assert done.exit_code == 1, done.output
    assert "query time" in done.stdout and "× 1.3" in done.stdout
    assert invoke("compare", base, new, "--latency-ratio", 1.5).exit_code == 0


def test_cells_that_are_not_there_end_with_2(base, new):
    shutil.rmtree(next(new.glob("cells/*/*/retrieval/pixels@cpu")))
    done = invoke("compare", base, new)
    assert done.exit_code == 2
    assert "not comparable" in done.stdout and "it was not run" in done.stdout


def test_a_cell_of_another_protocol_ends_with_2(base, new):
    path = next(new.glob("cells/*/*/retrieval/pixels@cpu/cell.json"))
    row = json.loads(path.read_text())
    row["inputs"]["protocol"] = 99
    row.pop("checksum")
    path.write_text(json.dumps(row))
    done = invoke("compare", base, new)
    assert done.exit_code == 2
    assert "protocol version" in done.stdout


@pytest.mark.parametrize(
    "file, code, words", [("cell.json", 2, "it was not run"), ("ranking.npz", 1, "stored file damaged")]
)
def test_a_damaged_cell_costs_itself_alone(base, new, file, code, words):
    path = next(new.glob(f"cells/*/*/retrieval/pixels@cpu/{file}"))
    path.write_bytes(path.read_bytes()[:100])
    done = invoke("compare", base, new)
    assert done.exit_code == code
    assert words in " ".join(done.stdout.split())


def test_an_update_keeps_the_reasons_and_takes_the_subset(base, tmp_path):
    file = tmp_path / "b" / "baseline.json"
    for reason in ("first", "second\nline"):
        assert invoke("baseline", "update", "--reason", reason, "--out", base, "--file", file).exit_code == 0
    document = json.loads(file.read_text())
    assert [update["reason"] for update in document["updates"]] == ["first", "second line"]
    assert {cell["cell"]["subset"] for cell in document["cells"]} == {"smoke"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("compare", "/no/such/place", "/no/such/place"), "does not exist"),
        (("baseline", "update", "--reason", " ", "--out", "{base}"), "needs a reason"),
        (("baseline", "update", "--reason", "x", "--out", "{base}", "--subset", "full"), "no cell of subset full"),
        (("compare", "{base}", "{base}", "--alpha", "2"), "--alpha"),
        (("compare", "{base}", "{base}", "--json", "{base}/cells"), "cannot write"),
    ],
)
def test_what_cannot_be_meant_is_one_line(base, arguments, says):
    done = invoke(*(argument.format(base=base) for argument in arguments))
    assert isinstance(done.exception, BenchmarkError), done.output
    assert says in str(done.exception) and "\n" not in str(done.exception)


def test_a_malformed_baseline_ends_with_2_in_a_process_of_its_own(base, tmp_path):
    import subprocess
    import sys

    (tmp_path / "broken.json").write_text('{"schema": 1, "cells": [')
    command = [sys.executable, "-m", "benchmarks", "compare", str(tmp_path / "broken.json"), str(base)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("error:") and len(done.stderr.strip().splitlines()) == 1
