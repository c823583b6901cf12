"""Indexes are built, asked in turn and scored, from the command line down to one that dies."""

import csv
import json

import misbuilt_indexes
import numpy as np
import pytest
from test_cli import cli

from benchmarks.execution.launch import prepare
from benchmarks.experiments.indexes.participant import IndexJob
from benchmarks.experiments.indexes.rounds import Budget, Entrant, Worker, take_turns
from benchmarks.experiments.indexes.sweep import Build
from benchmarks.experiments.indexes.vectors import ASKED, GALLERY
from benchmarks.reporting.tables.formats import to_markdown
from benchmarks.reporting.tables.indexes.table import index_tables
from methods.spec import Part

CHOSEN = ("faiss-flat", "faiss-ivf", "kd-tree", "multi-index-hashing", "sq8", "rabitq", "sign-bits")
ON_DISK = CHOSEN[-3:]
QUICK = ("--rounds", "2", "--seconds", "0.01", "--batch", "4", "--threads", "1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Pixels and hashes of drawn pictures in a few indexes."""
    out = tmp_path_factory.mktemp("indexes") / "out"
    chosen = [word for name in CHOSEN for word in ("-i", name)]
    named = ("--vectors", "pixels:cifar10:full", "--vectors", "phash:cifar10:full")
    done = cli("indexes", *named, *chosen, "--jittered", "1500", *QUICK, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    with (out / "indexes.csv").open() as file:
        rows = list(csv.DictReader(file))
    return out, done, rows


def test_what_was_measured_is_not_measured_again(finished):
    named = ("--vectors", "phash:cifar10:full", "--jittered", "1500", "--out", finished[0], "--dry-run")
    chosen = [word for name in CHOSEN for word in ("-i", name)]
    same, fewer = cli("indexes", *named, *chosen, *QUICK), cli("indexes", *named, *chosen[:2], *QUICK)
    assert "1,500 vectors: as stored" in same.stdout, same.stdout + same.stderr
    assert "to be measured (changed: indexes)" in fewer.stdout, fewer.stdout + fewer.stderr


def test_every_setting_has_a_row_with_its_figures(finished):
    rows = finished[2]
    pixels = [row for row in rows if row["vectors"] == "pixels"]
    assert {row["family"] for row in pixels} == {"exact", *CHOSEN} - {"multi-index-hashing"}
    assert [row["family"] for row in rows if row["vectors"] == "phash"] == ["hamming", "multi-index-hashing"]
    for row in rows:
        assert row["status"] == "ok", row["reason"]
        assert int(row["gallery"]) == 1500 > int(row["real"])
        assert 0 <= float(row["recall@20"]) <= 1
        for name in ("p50_ms", "p95_ms", "p99_ms", "batched_queries_per_s", "build_s", "bytes_per_vector"):
            assert float(row[name]) > 0
        assert float(row["p50_ms"]) <= float(row["p95_ms"]) <= float(row["p99_ms"])
        assert float(row["queries_per_s"]) == pytest.approx(1000 / float(row["p50_ms"]))


def test_whoever_looks_at_everything_keeps_everything(finished):
    kept = {row["method"]: float(row["recall@20"]) for row in finished[2] if row["vectors"] == "pixels"}
    hashes = [float(row["recall@20"]) for row in finished[2] if row["vectors"] == "phash"]
    assert hashes == [1, 1]
    for method, recall in kept.items():
        if not method.startswith(("faiss-ivf", *ON_DISK)):
            assert recall >= 0.999, method
    lists = [kept[f"faiss-ivf nlist=64 nprobe={probes}"] for probes in (1, 2, 4, 8, 16, 32, 64)]
    assert lists == sorted(lists)
    assert lists[0] < 0.95
    assert lists[-1] >= 0.999


def test_bytes_are_those_of_the_vectors_and_what_an_index_adds(finished):
    sizes = {row["family"]: float(row["bytes_per_vector"]) for row in finished[2]}
    assert sizes["faiss-flat"] == pytest.approx(3072 * 4, rel=0.01)
    assert sizes["hamming"] == 8
    assert sizes["kd-tree"] >= 3072 * 4
    for family, code in (("sq8", 3072), ("rabitq", 384 + 8), ("sign-bits", 384)):
        assert sizes[family] == pytest.approx(code, rel=0.15)  # with the mean and the rotation
    for row in finished[2]:
        assert float(row["disk_bytes_per_vector"]) == (3072 * 4 if row["family"] in ON_DISK else 0)


def test_more_re_ranked_is_more_of_the_answer(finished):
    for family in ON_DISK:
        kept = [float(row["recall@20"]) for row in finished[2] if row["family"] == family]
        assert len(kept) == 4
        assert kept == sorted(kept)
        assert kept[-1] > 0.9, family


def test_each_front_has_its_best(finished):
    rows = [row for row in finished[2] if row["vectors"] == "pixels"]
    quickest = min(rows, key=lambda row: float(row["p50_ms"]))
    assert "time" in quickest["front"]
    smallest = min(float(row["bytes_per_vector"]) for row in rows)
    assert any("memory" in row["front"] for row in rows if float(row["bytes_per_vector"]) == smallest)
    most = max(float(row["recall@20"]) for row in rows)
    assert any(row["front"] for row in rows if float(row["recall@20"]) == most)


def test_the_page_has_tables_data_machine_and_plot(finished):
    out = finished[0]
    text = (out / "indexes.md").read_text()
    for expected in (
        "# Indexes",
        "## pixels on cifar10 (synthetic):full, 1,500 vectors",
        "### Every setting",
        "| faiss-ivf nlist=64 nprobe=8 |",
        "| multi-index-hashing |",
        "of them jittered",
        "that are not in the gallery",
        "Machine: ",
        "faiss ",
    ):
        assert expected in text
    assert (out / "indexes.png").read_bytes().startswith(b"\x89PNG")


def test_rows_of_an_older_version_have_no_figure_for_the_disk_and_are_shown(finished):
    record = json.loads(next(finished[0].glob("indexes/pixels*.json")).read_text())
    for row in record["rows"]:
        del row["disk_bytes"], row["disk_bytes_per_vector"]
    front, sweep = index_tables(record)
    column = [each.title for each in sweep.columns].index("disk B/vector")
    lines = [line for line in to_markdown(sweep).splitlines() if line.startswith("| exact")]
    assert [line.split(" | ")[column].strip() for line in lines] == [""]
    assert len(sweep.rows) == len(record["rows"])
    assert front.rows


def test_all_samples_are_kept_and_the_page_can_be_written_again(finished):
    out = finished[0]
    record = json.loads(next(out.glob("indexes/pixels*.json")).read_text())
    with np.load(next(out.glob("indexes/pixels*.npz"))) as samples:
        assert len(samples.files) == len(record["rows"])
        assert samples["0"].shape[0] == 2
        assert np.median(samples["0"]) == pytest.approx(record["rows"][0]["p50_s"][0])
    before = (out / "indexes.md").read_text()
    (out / "indexes.md").unlink()
    assert cli("report", "--out", out).returncode == 0
    assert (out / "indexes.md").read_text() == before
    assert not list(out.glob("indexes/.running-*"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--vectors", "phash"), "names no data set"),
        (("--vectors", "phsh:cifar10"), "did you mean phash"),
        (("--vectors", "phash:cifr10"), "did you mean cifar10"),
        (("--vectors", "sift:cifar10:smoke"), "it has no vectors"),
        (("--vectors", "mtcnn-facenet:cifar10:smoke"), "looks for faces"),
        (("--vectors", "phash:cifar10:smoke", "-i", "hmming"), "did you mean hamming"),
        (("--vectors", "phash:lfw", "--data", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(arguments, says, tmp_path):
    done = cli("indexes", *arguments, *QUICK, "--out", tmp_path / "out")
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def worker_of(tmp_path):
    """Starts an index of `misbuilt_indexes` over a few vectors; all are stopped in the end."""
    prepare((), 1, tmp_path / "imports.log")
    rng = np.random.default_rng(0)
    for name, rows in ((GALLERY, misbuilt_indexes.ROWS), (ASKED, 12)):
        np.save(tmp_path / name, rng.random((rows, 4), dtype=np.float32))
    workers = []

    def start(index, patience=60.0, memory_limit=2**33, settings=({"ef_search": 7}, {"ef_search": 13})):
        part = Part(getattr(misbuilt_indexes, index))
        job = IndexJob(index, part, tmp_path, tmp_path / f"{len(workers)}.log", batch=4, threads=1)
        worker = Worker(Build(index, part, settings), job, memory_limit)
        workers.append(worker)
        worker.start(patience)
        return worker

    yield start
    for worker in workers:
        worker.stop()


@pytest.mark.parametrize(
    ("index", "limits", "status", "says"),
    [
        ("Raises", {}, "error", "RuntimeError: not to my taste"),
        ("Dies", {}, "killed", "its process ended by SIGKILL"),
        ("Sleeps", {"patience": 2.0}, "timeout", "no answer within 2 s"),
        ("Swells", {"memory_limit": 2**29}, "oom", "over the limit of 0.5 GiB"),
    ],
)
def test_a_build_that_fails_is_told_why(worker_of, index, limits, status, says):
    worker = worker_of(index, **limits)
    assert (worker.status, says in worker.reason) == (status, True), worker.reason
    assert worker.ask("pace", 5.0, settings={}) is None


def test_a_built_index_tells_its_bytes_and_answers_under_each_setting(worker_of):
    worker = worker_of("Fine")
    assert worker.facts["index_bytes"] == misbuilt_indexes.ROWS * 16
    assert worker.facts["build_s"] > 0
    for value in (7, 13):
        ids, _ = worker.ask("answers", 30.0, settings={"ef_search": value}, k=3)
        assert ids.shape == (12, 3)
        assert set(ids.ravel()) == {value}


def test_one_that_fails_in_a_turn_costs_the_others_nothing(worker_of):
    good, bad = worker_of("Fine"), worker_of("FailsLater")
    entrants = [Entrant(worker, settings) for worker in (bad, good) for settings in worker.build.settings]
    take_turns(entrants, Budget(rounds=3, seconds=0.01), 30, lambda line: None)
    assert bad.status == "error"
    assert "thirteen" in bad.reason
    assert good.status == "ok"
    for entrant in entrants[2:]:
        assert np.array(entrant.single).shape[0] == len(entrant.batched) == 3
        assert np.array(entrant.single).min() > 0
