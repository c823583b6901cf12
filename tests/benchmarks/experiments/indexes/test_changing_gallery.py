"""Rows go and come as planned, and indexes are measured after each step, down to one that fails."""

import csv
import json

import misbuilt_indexes
import numpy as np
import pytest
from test_cli import cli

from benchmarks.execution.launch import prepare
from benchmarks.experiments.indexes.changes import STEPS, ChangingParticipant, plan_of, serve_changing
from benchmarks.experiments.indexes.offered import changing_builds, changing_families, require_offered
from benchmarks.experiments.indexes.participant import IndexJob
from benchmarks.experiments.indexes.rounds import Worker
from benchmarks.experiments.indexes.sweep import Build, make_sweep
from benchmarks.experiments.indexes.vectors import ASKED, GALLERY
from datasets.errors import BenchmarkError
from methods.building import resolve
from methods.spec import Part

QUICK = ("--rounds", "2", "--seconds", "0.01", "--batch", "4", "--threads", "1")
CHANGING = ("indexes", "--gallery", "changing", "--vectors", "phash:cifar10:full", "--jittered", "400", *QUICK)
PIXELS = ("indexes", "--gallery", "changing", "--vectors", "pixels:cifar10:smoke", "--jittered", "400", *QUICK)


@pytest.mark.parametrize("rows", [20, 333, 4000])
def test_rows_go_when_they_are_there_and_come_when_they_are_not(rows):
    plan = plan_of(rows)
    assert sorted(plan.order) == list(range(rows))
    present = set(range(plan.start))
    seen = set(present)
    assert len(plan.changes) == STEPS
    for change in plan.changes:
        assert len(change.gone) == len(change.come) == plan.start // STEPS > 0
        assert set(change.gone.tolist()) <= present
        present -= set(change.gone.tolist())
        assert not seen & set(change.come.tolist())
        present |= set(change.come.tolist())
        seen |= present
        assert len(present) == plan.start
    assert max(seen) < rows
    assert all(np.array_equal(a.gone, b.gone) for a, b in zip(plan.changes, plan_of(rows).changes, strict=True))


@pytest.mark.parametrize("metric", ["l2", "cosine", "hamming"])
def test_those_take_part_whose_rows_come_and_go_and_no_other_could(metric):
    def offers(build):
        return all(hasattr(resolve(build.part), name) for name in ("insert", "remove"))

    taking_part = changing_builds(metric, 5000)
    assert taking_part[0].family == ("hamming" if metric == "hamming" else "exact")
    assert all(map(offers, taking_part))
    left_out = [build for build in make_sweep(metric, 5000, 64) if build.family not in changing_families()]
    assert left_out
    assert not any(map(offers, left_out))


def test_what_cannot_change_is_named_with_those_that_can():
    with pytest.raises(BenchmarkError, match="faiss-ivfpq cannot take in and remove rows; these can: exact, .*milvus"):
        require_offered(["faiss-ivfpq"], changing_families(), "take in and remove rows")


@pytest.fixture
def vectors(tmp_path):
    rng = np.random.default_rng(0)
    for name, rows in ((GALLERY, 400), (ASKED, 12)):
        np.save(tmp_path / name, rng.normal(size=(rows, 8)).astype(np.float32))
    return tmp_path


def test_answers_are_those_of_the_rows_present(vectors):
    part = Part("methods.indexes.rebuilt:RebuiltIndex", {"metric": "l2"})
    participant = ChangingParticipant(IndexJob("exact", part, vectors, vectors / "log", batch=4, threads=1))
    gallery, queries, plan = np.load(vectors / GALLERY), np.load(vectors / ASKED), plan_of(400)
    present = np.arange(plan.start)
    for step, change in enumerate(plan.changes):
        facts = participant.change(step)
        assert min(facts["remove_s"], facts["insert_s"], facts["index_bytes"]) > 0
        present = np.concatenate([np.setdiff1d(present, change.gone), change.come])
        ids, _ = participant.answers({}, 20)
        distances = np.linalg.norm(queries[:, None] - gallery[plan.order[present]], axis=2)
        assert np.array_equal(ids, present[np.argsort(distances, axis=1)[:, :20]])


def test_one_that_cannot_change_after_all_fails_alone_and_says_why(vectors):
    prepare((), 1, vectors / "imports.log")
    part = Part(misbuilt_indexes.RefusesRows)
    job = IndexJob("refuses", part, vectors, vectors / "0.log", batch=4, threads=1)
    worker = Worker(Build("refuses", part), job, 2**33, serve_changing)
    try:
        worker.start(60.0)
        assert worker.status == "ok", worker.reason
        assert worker.ask("sizes", 30.0)["index_bytes"] == 200 * 32
        assert worker.ask("change", 30.0, step=0) is None
        assert (worker.status, worker.reason) == ("error", "RuntimeError: full")
    finally:
        worker.stop()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Pixels of drawn pictures that come and go."""
    out = tmp_path_factory.mktemp("changing") / "out"
    done = cli(*PIXELS, "-i", "faiss-ivf", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "indexes-changing.csv").open() as file:
        return out, list(csv.DictReader(file))


def test_every_setting_has_figures_after_every_step(finished):
    rows = finished[1]
    settings = ["exact", "faiss-ivf nlist=64 nprobe=8", "faiss-ivf nlist=64 nprobe=32"]
    assert [(row["method"], int(row["step"])) for row in rows] == [
        (each, step) for each in settings for step in range(STEPS + 1)
    ]
    for row in rows:
        assert float(row["p50_ms"]) > 0
        assert float(row["recall_low"]) <= float(row["recall"]) <= float(row["recall_high"])
        assert float(row["recall"]) >= 0.999 or row["family"] != "exact"
        assert (row["insert_s"] != "") == (row["remove_s"] != "") == (row["step"] != "0")
    for step in range(STEPS + 1):
        few, many = (float(row["recall"]) for row in rows if row["step"] == str(step) and row["family"] == "faiss-ivf")
        assert 0.2 < few <= many <= 1


def test_the_page_has_the_first_middle_and_last_step_and_a_plot(finished):
    text = (finished[0] / "indexes-changing.md").read_text()
    for expected in (
        "# Indexes over a changing gallery",
        "recall@20, step 0 | recall@20, step 5 | recall@20, step 10 |",
        "| exact |",
        "| faiss-ivf nlist=64 nprobe=8 |",
        "removes a tenth of those present",
        "take no part: faiss-flat, ball-tree",
    ):
        assert expected in text
    assert (finished[0] / "indexes-changing.png").read_bytes().startswith(b"\x89PNG")


def test_it_resumes_and_is_written_again_by_report(finished):
    out = finished[0]
    same = cli(*PIXELS, "-i", "faiss-ivf", "--out", out, "--dry-run")
    assert "400 vectors: as stored" in same.stdout, same.stdout + same.stderr
    record = json.loads(next(out.glob("indexes/changing/pixels*.json")).read_text())
    with np.load(next(out.glob("indexes/changing/pixels*.npz"))) as samples:
        assert len(samples.files) == len(record["rows"]) * (STEPS + 1)
    before = (out / "indexes-changing.md").read_text()
    (out / "indexes-changing.md").unlink()
    assert cli("report", "--out", out).returncode == 0
    assert (out / "indexes-changing.md").read_text() == before


def test_an_index_that_cannot_take_part_is_one_line_and_exit_code_2(tmp_path):
    done = cli(*CHANGING, "-i", "multi-index-hashing", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "multi-index-hashing cannot take in and remove rows; these can: exact" in done.stderr
    assert done.stderr.count("\n") == 1


def test_codes_change_too(tmp_path):
    done = cli(*CHANGING, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    with (tmp_path / "out" / "indexes-changing.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], float(row["recall"])) for row in rows] == [("hamming", 1.0)] * (STEPS + 1)
