"""Faults that change figures without any error: a test of behaviour for each (tests/mutants.py plants them)."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from bench_support import PLUGIN, Bench
from stored_cells import StoredCells

from benchmarks.core import plan
from benchmarks.core.cells import Cell
from benchmarks.core.scoring import canary_findings, score_retrieval
from benchmarks.execution import launch, timing
from benchmarks.execution.runner import Limits
from benchmarks.metrics.statistics import tied_with_best
from benchmarks.reporting.tables.retrieval import ACCURACY, _row
from datasets.distortions import rotate
from datasets.imageset import Item
from datasets.selection import full_split
from methods.registry import load_registry
from methods.weights import Found

SLOW = PLUGIN.with_name("slow.py")


@pytest.fixture
def stored(tmp_path):
    return StoredCells(tmp_path / "hand-made")


def scored(stored, cell):
    return score_retrieval(stored.store, cell, stored.store.row(cell))


def test_other_weights_make_a_cell_stale(bench, monkeypatch):
    weights = Found(bench.folder, "somewhere", "a" * 64)
    monkeypatch.setattr(plan, "find_weights", lambda name, folder: weights)
    (planned,) = bench.plan("mobilenetv2").cells
    row = {"status": "ok", "reason": "", "trained": True, "inputs": planned.inputs, "started": "2026", "wall_s": 1.0}
    bench.store.commit(planned.cell, {**row, "jobs": 1, "provenance": {}}, bench.store.workdir(planned.cell))
    assert bench.plan("mobilenetv2").cells[0].state == "done"
    weights = Found(bench.folder, "somewhere", "b" * 64)
    (again,) = bench.plan("mobilenetv2").cells
    assert (again.state, again.why) == ("stale", "changed: weights")
    assert again.encoder_key != planned.encoder_key


def test_a_timed_query_is_encoded_although_its_embedding_is_stored(bench):
    slow = Bench(bench.store, load_registry([SLOW]), bench.folder)
    for _ in range(2):  # the second finds every embedding stored
        row = slow.run("slow-pixels", plugins=(SLOW,), force=True)["slow-pixels"]
        assert row["status"] == "ok", row["reason"]
        assert row["latency"]["p50_ms"] > 95  # its encoder takes a tenth of a second an image
        assert row["throughput"]["gallery_images_per_s"] < 11


def test_a_query_in_the_gallery_does_not_find_itself(stored):
    hash = stored.manifest([("a", "x"), ("b", "y"), ("c", "x")], [("a", "x")])
    cell = stored.cell(Cell("lfw", "standard", "retrieval", "pixels"), hash, ids=[[0, 1, 2]])
    estimates = scored(stored, cell).estimates
    assert estimates["hit@1"].mean == 0
    assert estimates["MRR"].mean == 0.5  # c comes second once a itself is gone


def test_macro_figures_weigh_classes_alike(stored):
    gallery = [("a", "x"), ("b", "y")]
    hash = stored.manifest(gallery, [("1", "x"), ("2", "x"), ("3", "x"), ("4", "y")])
    cell = stored.cell(Cell("lfw", "standard", "retrieval", "pixels"), hash, ids=[[0, 1]] * 4)
    estimate = scored(stored, cell).estimates["hit@1"]
    assert (estimate.mean, estimate.macro) == (0.75, 0.5)


@pytest.mark.parametrize("largest", [32_766, 32_767, 32_768, 40_000])
def test_large_galleries_keep_their_ids(stored, largest):
    ids = np.array([[largest, 5, 0, -1]], dtype=np.int32)
    hash = stored.manifest([("a", "x")], [("b", "x")])
    cell = stored.cell(Cell("lfw", "full", "retrieval", "pixels"), hash, ids=ids)
    assert np.array_equal(stored.store.ranking(cell).ids, ids)
    with np.load(stored.store.folder(cell) / "ranking.npz") as kept:
        assert kept["ids"].dtype == (np.int16 if largest < 32_768 else np.int32)  # no wider than it must be


def test_memory_of_a_cells_children_counts(bench):
    limits = Limits(timeout=300, memory_bytes=1 << 30)
    row = bench.run("bad-allocate-in-a-child", limits=limits)["bad-allocate-in-a-child"]
    assert row["status"] == "oom", row["reason"]


def test_a_timeout_is_kept_to(bench, monkeypatch):
    """By a clock of its own: a busy machine may let any real second pass late."""
    ticks = itertools.count()
    monkeypatch.setattr(launch, "time", SimpleNamespace(perf_counter=lambda: 0.25 * next(ticks)))
    row = bench.run("bad-sleep", limits=Limits(timeout=5.0))["bad-sleep"]
    assert row["status"] == "timeout"
    looks = next(ticks)  # until it was ended the clock was read once a look
    assert 20 <= looks <= 28


def random_score(stored, hits):
    """400 queries of two equal classes, `hits` of which find their own first."""
    hash = stored.manifest([("a", "x"), ("b", "y")], [(str(number), "x") for number in range(400)])
    ids = [[0, 1]] * hits + [[1, 0]] * (400 - hits)
    return scored(stored, stored.cell(Cell("lfw", "standard", "retrieval", "random"), hash, ids=ids))


def test_a_random_canary_may_stray_by_four_standard_errors(stored):
    assert not canary_findings("random", random_score(stored, 200 + 35))
    for hits in (200 + 45, 200 - 45):
        assert any("hit@1" in text for text in canary_findings("random", random_score(stored, hits)))


def test_percentiles_are_those_named():
    found = timing.percentiles(np.arange(1, 1001) / 1000)
    assert found["p50_ms"] == pytest.approx(500.5)
    assert found["p95_ms"] == pytest.approx(950, abs=1)
    assert found["p99_ms"] == pytest.approx(990, abs=1)
    assert found["mean_ms"] == pytest.approx(500.5)


def test_rotated_copies_are_turned_by_ten_degrees():
    image = np.zeros((200, 200, 3), dtype=np.uint8)
    image[:, 97:103] = 255
    rows, columns = np.nonzero(rotate(image)[..., 0] > 127)
    slope = np.polyfit(rows, columns, 1)[0]
    assert abs(np.degrees(np.arctan(slope))) == pytest.approx(10, abs=0.3)


@pytest.mark.parametrize("lead", [0.01, 0.04])
def test_a_small_lead_that_is_certain_is_no_tie(lead):
    base = np.random.default_rng(0).uniform(0.2, 0.8, 300)
    assert tied_with_best({"ahead": base + lead, "base": base}) == {"ahead"}


def test_queries_are_not_the_first_by_name():
    items = [Item(f"{label:03}/{number}", f"{label:03}") for label in range(200) for number in range(4)]
    chosen = [item.id.rpartition("/")[2] for item in full_split(items).queries]
    shares = np.bincount(np.array(chosen, dtype=int), minlength=4) / len(chosen)
    assert len(chosen) == 200
    assert (abs(shares - 0.25) < 0.12).all()


def test_tables_take_macro_figures_from_classes(stored):
    """As above, in the row of a table."""

    hash = stored.manifest([("a", "x"), ("b", "y")], [("1", "x"), ("2", "x"), ("3", "x"), ("4", "y")])
    cell = stored.cell(Cell("lfw", "standard", "retrieval", "pixels"), hash, ids=[[0, 1]] * 4)
    row = {"status": "ok", "trained": True, "reason": "", "wall_s": 1.0, "jobs": 1, "cell": cell.to_json()}
    row |= {"inputs": {"threads": 1}, "provenance": {"machine": {"gpu": "", "cpu": "", "cores": 1, "memory_gib": 1}}}
    row["provenance"]["machine"]["system"] = ""
    shown = _row("pixels", row, load_registry().get("pixels"), scored(stored, cell))
    by_title = {column.title: shown[column.key] for column in ACCURACY if column.key in shown}
    assert (by_title["hit@1"], by_title["macro hit@1"]) == (0.75, 0.5)
